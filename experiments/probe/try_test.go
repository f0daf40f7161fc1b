package probe

import ("testing";"os";"strconv";"time";"fmt";"encoding/json")

func TestTry(t *testing.T) {
	pid, _ := strconv.Atoi(os.Getenv("TRYPID"))
	if pid == 0 { t.Skip("scratch") }
	p, err := Open(Options{PIDs: []int{pid}, Children: true, Requests: os.Getenv("REC")!=""})
	if err != nil { t.Fatalf("%+v", err) }
	defer p.Close()
	if err := p.Start(); err != nil { t.Fatal(err) }
	d, _ := time.ParseDuration(os.Getenv("DUR"))
	time.Sleep(d)
	if err := p.Stop(); err != nil { t.Fatal(err) }
	r, err := p.Result(Unknown)
	if err != nil { t.Fatal(err) }
	b, _ := json.MarshalIndent(r.Report(), "", " ")
	fmt.Println(string(b))
}

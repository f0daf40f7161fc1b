package probe

import ("testing";"os";"strconv";"time";"fmt")

func TestTry(t *testing.T) {
	pid, _ := strconv.Atoi(os.Getenv("TRYPID"))
	p, err := Open(Options{PIDs: []int{pid}, Children: true, Requests: os.Getenv("REC")!=""})
	if err != nil { t.Fatalf("%+v", err) }
	defer p.Close()
	if err := p.Start(); err != nil { t.Fatal(err) }
	d, _ := time.ParseDuration(os.Getenv("DUR"))
	time.Sleep(d)
	if err := p.Stop(); err != nil { t.Fatal(err) }
	c, _ := p.counts()
	fmt.Printf("%+v\n", c)
	for i, s := range stages {
		by, _ := p.histogram(i)
		for pl := range by { if by[pl].Count>0 { h := by[pl]; fmt.Printf("%-10s %-20s %-9s n=%-7d mean %-9.0f p50 %-9.0f p99 %-9.0f max %d\n", s.Group, s.Name, Placement(pl), h.Count, h.Mean(), h.Quantile(.5), h.Quantile(.99), h.Max) } }
	}
	fmt.Println(len(p.Records().Requests), p.Missing)
}

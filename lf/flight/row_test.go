package flight

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRow checks that each field of a record is in the column that Columns
// names, and in no other.
func TestRow(t *testing.T) {
	kind := reflect.TypeFor[Record]()
	if kind.NumField() != len(Columns) {
		t.Fatalf("%d columns for %d fields", len(Columns), kind.NumField())
	}
	for i, name := range Columns {
		var r Record
		switch field := reflect.ValueOf(&r).Elem().FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, name) }); field.Kind() {
		case reflect.Uint64:
			field.SetUint(1)
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int64:
			field.SetInt(1)
		default:
			t.Fatalf("column %s is no field of a record", name)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		want := make([]int64, len(Columns))
		want[i] = 1
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s", name, text)
		}
	}
	text, err := json.Marshal([]Thread{{TID: 7, Records: []Record{{Seq: 3, A1: 1 << 62, H1: 5}}}, {Records: []Record{}}})
	if want := `[{"tid":7,"records":[[3,0,4611686018427387904,0,0,0,0,0,0,0,5]]},{"tid":0,"records":[]}]`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

// TestThreadNumber checks that a log knows the thread that writes it, from its
// first record on and in later recordings. A log that no thread owns knows
// none.
func TestThreadNumber(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := New(16)
	own, other, loose, idle := r.NewLog(), r.NewLog(), r.NewLooseLog(), r.NewLog()
	rounds, done, numbers := make(chan int), make(chan struct{}), make(chan int, 1)
	go func() {
		runtime.LockOSThread() // without Unlock: the thread ends with the goroutine
		numbers <- unix.Gettid()
		for range rounds {
			note(other, 1)
			done <- struct{}{}
		}
	}()
	want := []int{unix.Gettid(), <-numbers, 0, 0}
	if want[0] == want[1] {
		t.Fatal("two locked goroutines share a thread")
	}
	for round := range 2 {
		r.On()
		note(own, 1)
		note(loose, 1)
		rounds <- round
		<-done
		r.Off()
		recs, _ := r.Records()
		for i, thread := range recs {
			if thread.TID != want[i] {
				t.Errorf("recording %d, log %d: thread %d, want %d", round, i, thread.TID, want[i])
			}
			if (len(thread.Records) == 0) != (i == 3) {
				t.Errorf("recording %d, log %d: %d records", round, i, len(thread.Records))
			}
		}
	}
	close(rounds)
	note(idle, 1) // off
	if recs, _ := r.Records(); recs[3].TID != 0 {
		t.Errorf("a log that noted nothing is thread %d's", recs[3].TID)
	}
	if n := testing.AllocsPerRun(100, func() { note(own, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	r.On()
	note(own, 1)
	if n := testing.AllocsPerRun(100, func() { note(own, 1) }); n != 0 {
		t.Errorf("%v allocations while recording", n)
	}
}

package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"
)

// fixture returns the /proc of a program below its keeper: a parent and a
// child, beside a stranger with an awkward name. The parent has the threads
// tids.
func fixture(parentSwitches, childTicks int, tids ...int) fstest.MapFS {
	stat := func(pid, parent, cutime, cstime int, name string) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, "%d (%s) S %d %d 1 0 -1 4194304 1 2 3 4 50 60 %d %d 20 0 1\n", pid, name, parent, pid, cutime, cstime)}
	}
	status := func(v int) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, "Name:\tx\nvoluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n", v, v/10)}
	}
	m := fstest.MapFS{
		"60/stat":           stat(60, 1, 0, 0, "keeper"),
		"70/stat":           stat(70, 60, childTicks, childTicks, "server"),
		"80/stat":           stat(80, 70, 0, 0, "worker"),
		"80/task/80/status": status(1000),
		"90/stat":           stat(90, 1, 0, 0, "a) R 60 70 1 (b"),
		"self/stat":         stat(1, 70, 0, 0, "not a number"),
	}
	for _, tid := range tids {
		m[fmt.Sprintf("70/task/%d/status", tid)] = status(parentSwitches)
	}
	return m
}

func TestMeterAddsTheTreeUp(t *testing.T) {
	times := map[int][3]int64{70: {9e6, 3e6, 10e6}, 80: {1e6, 1e6, 5e6}}
	m := &Meter{tree: tree{root: 60, proc: fixture(100, 0, 70, 71)},
		clock: func(pid, kind int) (int64, error) {
			if _, ok := times[pid]; !ok {
				return 0, errors.New("no such process")
			}
			return times[pid][kind], nil
		}}
	if err := m.Discover(); err != nil {
		t.Fatal(err)
	}
	a, err := m.Sample()
	if err != nil {
		t.Fatal(err)
	}
	// 71 ends and 72 begins; the child ends and leaves 20 + 20 ms to 70.
	times[70] = [3]int64{29e6, 13e6, 34e6}
	delete(times, 80)
	m.tree.proc = fixture(150, 2, 70, 72)
	b, err := m.Sample()
	if err != nil {
		t.Fatal(err)
	}
	u := Between(a, b)
	if u.CPU != (34+40-15)*time.Millisecond {
		t.Errorf("CPU time %v", u.CPU)
	}
	// By ticks: 29+40-10 ms in all, 13+20-4 of them user.
	if want := time.Duration(29.0 / 59.0 * float64(u.CPU)); (u.User-want).Abs() > 1 || u.User+u.System != u.CPU {
		t.Errorf("user %v of %v, want %v", u.User, u.CPU, want)
	}
	if u.Voluntary != 50+150 || u.Involuntary != 5+15 || u.ThreadsEnded != 2 || u.ThreadsNumber != 2 {
		t.Errorf("switches %d and %d, %d of %d threads ended", u.Voluntary, u.Involuntary, u.ThreadsEnded, u.ThreadsNumber)
	}
}

// growing is a /proc with one more child of 5000000 at each listing.
type growing struct {
	fstest.MapFS
	all, listed int
}

func (g *growing) ReadDir(string) ([]fs.DirEntry, error) {
	g.listed++
	var entries []fs.DirEntry
	for pid := 2; pid < 2+min(g.listed, g.all); pid++ {
		name := fmt.Sprint(pid)
		g.MapFS[name+"/stat"] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d (x) S 5000000 1 1 0 -1 4194304 1 2 3 4 50 60 0 0 20 0 1\n", pid)}
		info, err := g.Stat(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	return entries, nil
}

func TestSettleWaitsForAllProcesses(t *testing.T) {
	g := &growing{MapFS: fstest.MapFS{}, all: 20}
	m := &Meter{tree: tree{root: 5000000, proc: g}}
	if err := m.Settle(t.Context(), time.Minute); err != nil || len(m.pids) != 20 {
		t.Errorf("%d of 20 processes are known, %v", len(m.pids), err)
	}
	m = &Meter{tree: tree{root: 5000000, proc: &growing{MapFS: fstest.MapFS{}, all: 1e6}}}
	if err := m.Settle(t.Context(), 30*time.Millisecond); err != nil {
		t.Errorf("a group that goes on growing: %v", err)
	}
}

func TestMeterAddsMemoryUp(t *testing.T) {
	proc := fstest.MapFS{"70/statm": {Data: []byte("900 30 3 1 0 5 0\n")}, "80/statm": {Data: []byte("900 12 3 1 0 5 0\n")}}
	m := &Meter{tree: tree{root: 60, proc: proc}, pids: []int{70, 80, 81}} // 81 has ended
	if got, err := m.RSS(); err != nil || got != 42*uint64(os.Getpagesize()) {
		t.Errorf("%d bytes, %v", got, err)
	}
	proc["80/statm"] = &fstest.MapFile{Data: []byte("900 many")}
	if _, err := m.RSS(); err == nil {
		t.Error("no number: no error")
	}
	delete(proc, "70/statm")
	delete(proc, "80/statm")
	if _, err := m.RSS(); err == nil {
		t.Error("the memory of a server that is gone has no error")
	}
	m = NewMeter(os.Getppid())
	if err := m.Discover(); err != nil {
		t.Fatal(err)
	}
	if got, err := m.RSS(); err != nil || got < 1<<20 {
		t.Errorf("this process has %d bytes, %v", got, err)
	}
}

func TestMeterTellsWhenTheServerIsGone(t *testing.T) {
	m := &Meter{tree: tree{root: 60, proc: fixture(1, 0, 70)}, pids: []int{70}, clock: func(int, int) (int64, error) { return 0, errors.New("no such process") }}
	if _, err := m.Sample(); err == nil {
		t.Error("the sample of a process that is gone has no error")
	}
	for name, content := range map[string]string{"no switches": "Name:\tx\n", "no number": "voluntary_ctxt_switches:\tmany\nnonvoluntary_ctxt_switches:\t1\n"} {
		if _, err := parseSwitches(content); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := readStat(fstest.MapFS{"7/stat": {Data: []byte("7 (x) S 1 2")}}, 7); err == nil {
		t.Error("a short stat: no error")
	}
}

// The meter sees the user and system time of a busy program from outside.
func TestMeterOnARealProcess(t *testing.T) {
	p := begin(t, "burn")
	m := NewMeter(p.Root())
	if err := m.Discover(); err != nil {
		t.Fatal(err)
	}
	a, err := m.Sample()
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		b, err := m.Sample()
		if err != nil {
			t.Fatal(err)
		}
		u := Between(a, b)
		if u.CPU > 50*time.Millisecond && u.User > 0 && u.System > 0 && u.User+u.System == u.CPU && u.ThreadsNumber > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in %v a busy process used %+v", u.Wall, u)
		}
	}
}

package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// A tree of shells with one thread each grows and shrinks.
func TestCensusCountsATree(t *testing.T) {
	p, err := Start([]string{"sh", "-c", "sleep 60 & echo $!; sleep 60 & sleep 60 & wait"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	c := NewCensus(p.Root())
	counts := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			processes, threads, err := c.Count()
			if err != nil {
				t.Fatal(err)
			}
			if processes == want && threads == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d processes with %d threads, want %d with one each", processes, threads, want)
			}
		}
	}
	counts(4)
	child, err := strconv.Atoi(firstLine(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	counts(3)
	if c.Born() != 4 {
		t.Errorf("%d processes were born, want 4", c.Born())
	}
	p.Kill()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		processes, _, err := c.Count()
		if err != nil && strings.Contains(err.Error(), "there is none") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d processes of a group that has ended (%v)", processes, err)
		}
	}
}

// The kernel also lists the threads of this process.
func TestCensusCountsThreads(t *testing.T) {
	c := NewCensus(os.Getppid()) // this process is below its parent
	for deadline := time.Now().Add(patience); ; {
		before, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		s, err := readStat(c.tree.proc, os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		if len(before) == len(after) { // the number is stable, unless one thread replaced another
			if s.threads != len(after) {
				t.Errorf("%d threads, and the kernel lists %d", s.threads, len(after))
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("threads come and go all the time")
		}
	}
	if processes, threads, err := c.Count(); err != nil || threads < processes || processes < 1 {
		t.Errorf("%d processes with %d threads (%v)", processes, threads, err)
	}
}

// Count leaves out ended processes, strangers, and processes that reuse a
// stranger's number. A child whose parent has ended becomes the root's child.
func TestCensusLeavesOut(t *testing.T) {
	stat := func(state string, parent, threads int) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil, "1 (a) b) %s %d 70 1 0 -1 0 1 2 3 4 5 6 0 0 20 0 %d 0 9\n", state, parent, threads)}
	}
	c := &Census{tree: tree{root: 60}}
	for i, step := range []struct {
		proc               fstest.MapFS
		processes, threads int
		born               int
	}{
		{fstest.MapFS{"60/stat": stat("S", 1, 9), "70/stat": stat("S", 60, 5), "71/stat": stat("R", 70, 18), "90/stat": stat("S", 1, 7), "self/stat": stat("S", 60, 5)}, 2, 23, 2},
		{fstest.MapFS{"70/stat": stat("S", 60, 5), "71/stat": stat("Z", 70, 1), "72/stat": stat("S", 70, 18), "90/stat": stat("S", 1, 7)}, 2, 23, 3},
		{fstest.MapFS{"70/stat": stat("S", 60, 6)}, 1, 6, 3},
		// Children take a stranger's number and one of the program's.
		{fstest.MapFS{"70/stat": stat("S", 60, 6), "71/stat": stat("S", 70, 2), "90/stat": stat("S", 71, 3)}, 3, 11, 5},
		{fstest.MapFS{"71/stat": stat("S", 60, 2), "90/stat": stat("S", 71, 3), "91/stat": stat("S", 89, 3)}, 2, 5, 5},
	} {
		c.tree.proc = step.proc
		processes, threads, err := c.Count()
		if err != nil || processes != step.processes || threads != step.threads || c.Born() != step.born {
			t.Errorf("step %d: %d processes with %d threads, %d born (%v), want %d, %d, %d", i, processes, threads, c.Born(), err, step.processes, step.threads, step.born)
		}
	}
}

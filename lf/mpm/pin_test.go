package mpm

import (
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
	"lflab/lf/thread"
)

func onFirst(int) int { return thread.CPUs()[0] }

// TestPinnedThreads checks that each thread may run only on its own CPU, in
// every architecture that has threads, and that the server serves.
func TestPinnedThreads(t *testing.T) {
	cpus := thread.CPUs()
	cpu := func(id int) int { return cpus[(id+1)%len(cpus)] }
	for _, kind := range Kinds() {
		if kind.Unbounded {
			continue // refused, see TestUnsuited
		}
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			rows := make([]serve.Row, 5)
			r := start(t, kind.Name, setup{threads: len(rows), change: func(c *Config) {
				c.CPU, c.Row = cpu, func(id int) *serve.Row { return &rows[id] }
			}})
			for id := range r.threads {
				until(t, "the thread to begin", func() bool { return rows[id].TID.Load() != 0 })
				var may unix.CPUSet
				if err := unix.SchedGetaffinity(int(rows[id].TID.Load()), &may); err != nil {
					t.Fatal(err)
				}
				if want := cpu(id); may.Count() != 1 || !may.IsSet(want) {
					t.Errorf("thread %d may run on %d CPUs, want CPU %d alone", id, may.Count(), want)
				}
			}
			r.check()
		})
	}
}

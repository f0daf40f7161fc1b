package mpm

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"lflab/lf/thread"
)

func onFirst(int) int { return thread.CPUs()[0] }

// TestPinnedThreads: each thread may run on its own CPU and on no other, in
// every architecture that has threads, and the server serves.
func TestPinnedThreads(t *testing.T) {
	cpus := thread.CPUs()
	cpu := func(id int) int { return cpus[(id+1)%len(cpus)] }
	for _, kind := range Kinds() {
		if kind.Unbounded {
			continue // refused, see TestUnsuited
		}
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			r := start(t, kind.Name, setup{threads: 5, change: func(c *Config) { c.CPU = cpu }})
			var want []string
			for id := range r.threads {
				want = append(want, strconv.Itoa(cpu(id)))
			}
			slices.Sort(want)
			until(t, "the threads to be on their CPUs", func() bool { return slices.Equal(r.allowed(), want) })
			r.check()
		})
	}
}

var allowedList = regexp.MustCompile(`(?m)^Name:\s+(\S+)$(?s:.*)^Cpus_allowed_list:\s+(\S+)$`)

// allowed is where each of the architecture's threads may run, in the kernel's
// words, in ascending order.
func (r *rig) allowed() (lists []string) {
	names, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range names {
		text, _ := os.ReadFile(name) // a thread may end meanwhile
		m := allowedList.FindSubmatch(text)
		if m != nil && regexp.MustCompile("^"+r.kind.Name+"-").Match(m[1]) {
			lists = append(lists, string(m[2]))
		}
	}
	slices.Sort(lists)
	return lists
}

package load

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// boundThreads returns, by thread name, the CPU of each thread of this process
// that may run on only one.
func boundThreads(t *testing.T) map[string][]int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Error(err)
	}
	bound := map[string][]int{}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Error(err)
		}
		var set unix.CPUSet
		if unix.SchedGetaffinity(tid, &set) != nil || set.Count() != 1 {
			continue // it has ended or is not bound
		}
		cpu := 0
		for !set.IsSet(cpu) {
			cpu++
		}
		name, err := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
		if err != nil {
			t.Errorf("a bound thread has ended while it was looked at: %v", err)
		}
		key := strings.TrimSpace(string(name))
		bound[key] = append(bound[key], cpu)
	}
	return bound
}

// Generator threads run on the given CPUs in turn. No other thread of the
// process is bound by that, during the run or after it.
func TestCPUs(t *testing.T) {
	own, err := ownCPUs()
	if err != nil {
		t.Skip(err)
	}
	if len(own) < 2 {
		t.Skipf("this process may use CPUs %v only: every thread is bound here", own)
	}
	cpus := []int{own[1], own[0]}
	s := serve(t, "127.0.0.1:0", say(hello))
	for _, rate := range []float64{0, 500} {
		cfg := Config{URL: s.url(), Connections: 3, Threads: 3, CPUs: cpus, Duration: 50 * time.Millisecond, Rate: rate}
		cfg.Begin = func() {
			want := map[string][]int{"lflab-load-0": {own[1]}, "lflab-load-1": {own[0]}, "lflab-load-2": {own[1]}}
			if got := boundThreads(t); !reflect.DeepEqual(got, want) {
				t.Errorf("bound threads %v, want %v", got, want)
			}
		}
		r := served(t, cfg)
		if r.Requests == 0 || !slices.Equal(r.Report().CPUs, cpus) {
			t.Errorf("%d requests, reported CPUs %v, want %v", r.Requests, r.Report().CPUs, cpus)
		}
		if got := boundThreads(t); len(got) > 0 {
			t.Errorf("after the run threads are bound: %v", got)
		}
	}
}

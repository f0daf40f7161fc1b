package thread

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"

	"lflab/sync/park"
)

// bench is a driver thread that wakes workers in turn and waits for each one's
// answer: two hand-offs per round, and at most two threads awake.
type bench struct {
	t       *testing.T
	driver  seat
	workers []seat
	answers atomic.Uint64
}

// seat is a thread with its parker and the state that it waits for.
type seat struct {
	_      [128]byte
	rounds atomic.Uint64 // rounds for which this thread was woken
	leave  atomic.Bool
	parker park.Parker
	thread *Thread
	_      [128]byte
}

// seats makes a bench with that many workers. All threads are pinned to the
// CPU; AnyCPU pins none. It starts the workers, but not the driver.
func seats(t *testing.T, primitive string, workers, cpu int) *bench {
	t.Helper()
	b := &bench{t: t, workers: make([]seat, workers)}
	parker := func() park.Parker {
		p, err := park.New(primitive, park.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	b.driver.parker = parker()
	for i := range b.workers {
		w := &b.workers[i]
		w.parker = parker()
		w.thread = Start(Options{Name: fmt.Sprintf("worker-%d", i), CPU: cpu}, func(*Thread) {
			for done := uint64(0); !w.leave.Load(); {
				if w.rounds.Load() == done {
					w.parker.Park()
					continue
				}
				done++
				b.answers.Add(1)
				b.driver.parker.Unpark()
			}
		})
	}
	return b
}

// drive makes rounds of hand-offs on a driver thread. It calls start there
// after some rounds that do not count, and stop after the last. It returns the
// number of hand-offs in between.
func (b *bench) drive(rounds, cpu int, start, stop func(driver *Thread)) (handoffs int) {
	b.t.Helper()
	round := func(i int) {
		w := &b.workers[i%len(b.workers)]
		want := b.answers.Load() + 1
		w.rounds.Add(1)
		w.parker.Unpark()
		for b.answers.Load() != want {
			b.driver.parker.Park()
		}
	}
	err := Start(Options{Name: "driver", CPU: cpu}, func(driver *Thread) {
		for i := range rounds/10 + len(b.workers) {
			round(i)
		}
		start(driver)
		for i := range rounds {
			round(i)
		}
		stop(driver)
	}).Join()
	if err != nil {
		b.t.Fatal(err)
	}
	return 2 * rounds
}

// blocked waits until all workers sleep in the kernel.
func (b *bench) blocked() {
	b.t.Helper()
	for i := range b.workers {
		tid := b.workers[i].thread.TID()
		eventually(b.t, "the workers sleep", func() bool { return state(tid) == 'S' })
	}
}

// clear ends the workers.
func (b *bench) clear() {
	b.t.Helper()
	for i := range b.workers {
		w := &b.workers[i]
		w.leave.Store(true)
		w.parker.Unpark()
		if err := w.thread.Join(); err != nil {
			b.t.Error(err)
		}
	}
}

// state is the kernel's letter for a thread's state.
func state(tid int) byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	if err != nil {
		return 'X'
	}
	return stat[bytes.LastIndexByte(stat, ')')+2]
}

func threads(t *testing.T) (tids []int) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		tid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		tids = append(tids, tid)
	}
	return tids
}

// schedulerEvents estimates how often a goroutine has waited in a run queue.
// The runtime samples one in eight.
func schedulerEvents() uint64 {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	n := uint64(0)
	for _, c := range sample[0].Value.Float64Histogram().Counts {
		n += c
	}
	return 8 * n
}

package lf_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/thread"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// burst is an event source that blocks for no event until all have been
// received. It measures the leaderless gap, from the receipt of an event to the
// next call of Wait.
type burst struct {
	left     atomic.Int64
	received atomic.Int64 // when the last event was received, ns

	mu   sync.Mutex
	gaps []int64
}

// gapsKept is how many gaps are evaluated.
const gapsKept = 1 << 12

func (b *burst) Wait(int) (int, error) {
	now := flight.Now()
	if at := b.received.Load(); at != 0 {
		b.mu.Lock()
		if len(b.gaps) < gapsKept {
			b.gaps = append(b.gaps, now-at)
		}
		b.mu.Unlock()
	}
	if b.left.Add(-1) < 0 {
		return 0, lf.ErrEnded
	}
	b.received.Store(flight.Now())
	return 1, nil
}

func (b *burst) Interrupt() { b.left.Store(0) }

// BenchmarkPool measures the protocol alone: events need no waiting and no
// handling. gap-p50-ns is the median leaderless gap, and switches/op the number
// of voluntary context switches for each event.
func BenchmarkPool(b *testing.B) {
	const threads = 4
	run := func(name string, opt lf.Options) {
		if opt.Threads == 0 {
			opt.Threads = threads
		}
		b.Run(fmt.Sprintf("%s/threads=%d", name, opt.Threads), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)) // restores it, because the pool raises it
			opt.Name = "bench"
			source := &burst{}
			source.left.Store(int64(b.N))
			pool, err := lf.New(source, func(int, int) {}, opt)
			if err != nil {
				b.Skip(err)
			}
			b.ReportAllocs()
			before := switchesOf(b)
			b.ResetTimer()
			pool.Start()
			if err := pool.Wait(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(switchesOf(b)-before)/float64(b.N), "switches/op")
			b.ReportMetric(float64(median(source.gaps)), "gap-p50-ns")
		})
	}
	parkers := park.Kinds()
	for promotion := lf.Handoff; promotion <= lf.Adaptive; promotion++ {
		for _, order := range []lf.Order{lf.LIFO, lf.FIFO, lf.Priority} {
			opt := lf.Options{Parker: parkers[0], Policy: lf.Policy{Promotion: promotion, Order: order}, Threads: threads}
			if opt.Check() == nil {
				run(fmt.Sprintf("promotion=%s/order=%s/leaders=1/primitive=futex", promotion, order), opt)
			}
		}
	}
	for _, leaders := range []int{2, 4} {
		run(fmt.Sprintf("promotion=handoff/order=lifo/leaders=%d/primitive=futex", leaders), lf.Options{Parker: parkers[0], Policy: lf.Policy{Leaders: leaders}})
	}
	for _, kind := range parkers[1:] {
		if kind.Usable() != nil {
			continue
		}
		run(fmt.Sprintf("promotion=handoff/order=lifo/leaders=1/primitive=%s", kind.Name), lf.Options{Parker: kind})
	}
	for _, kind := range gate.Kinds() {
		run(fmt.Sprintf("promotion=handoff/order=native/leaders=1/primitive=%s", kind.Name), lf.Options{
			Gate: &kind, Threads: len(thread.CPUs()), // with more, some gates spin for threads that cannot run
		})
	}
}

func median(all []int64) int64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// switchesOf returns the number of voluntary context switches of the process.
func switchesOf(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Nvcsw
}

package gate

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRecovery measures the time from the kill of a process that holds the
// gate until the process that waits for it has it, on the clock that processes
// share. The parent waits for the dead process and calls Recover, which only
// posixsem needs.
//
// A process takes longer to die the more memory it has: resident is the
// victim's memory in addition to the 10 MiB or so of a small Go program. Each
// figure is from 200 kills, or from 5 with -short. The time of an op, which
// includes the time before and after the kill, is not shown.
func BenchmarkRecovery(b *testing.B) {
	kills := 200
	if testing.Short() { // to see that it works
		kills = 5
	}
	for _, k := range SharedKinds() {
		for _, resident := range []int{0, 64 << 20} {
			b.Run(fmt.Sprintf("gate=%s/resident=%dMiB", k.Name, resident>>20), func(b *testing.B) {
				f := newFamily(b, k, SharedOptions{})
				var all []time.Duration
				for b.Loop() {
					all = append(all, f.recoveries(kills, resident)...)
				}
				report(b, all)
			})
		}
	}
}

// recoveries kills one holder after the other. The process that waits is the
// next victim.
func (f *family) recoveries(kills, resident int) (all []time.Duration) {
	f.Helper()
	next := func() *process {
		return f.spawn(job{Task: "once", Resident: resident})
	}
	holder := next()
	holder.line()
	holder.says("holds")
	for range kills {
		waiter := next()
		waiter.queued()
		f.board.doomed.Store(uint32(holder.pid))
		killed := monotonic()
		if err := holder.cmd.Process.Signal(unix.SIGKILL); err != nil {
			f.Fatal(err)
		}
		holder.kill() // waits for the process and recovers the gate
		waiter.says("holds")
		all = append(all, time.Duration(f.board.entered.Load()-killed))
		f.board.ordered = 0
		holder.pipe.Close()
		holder = waiter
	}
	f.board.doomed.Store(uint32(holder.pid))
	holder.kill()
	f.kept()
	return all
}

// BenchmarkSharedAlone measures an Acquire with its Release in one process
// without competitors.
func BenchmarkSharedAlone(b *testing.B) {
	for _, k := range SharedKinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			s := newFamily(b, k, SharedOptions{}).opens()
			start(b, 0, func() {
				for b.Loop() {
					if err := s.Acquire(nil); err != nil {
						b.Error(err)
						return
					}
					s.Release()
				}
			}).ends()
		})
	}
}

// BenchmarkSharedHandover measures the time from just before a Release in one
// process to just after the Acquire of another one that sleeps for the gate.
// The two take turns. A process that has released spins until the other has the
// gate, so neither overtakes. Needs two CPUs. The time of an op, which includes
// the time that the other process gets to fall asleep, is not shown.
func BenchmarkSharedHandover(b *testing.B) {
	if runtime.NumCPU() < 2 {
		b.Skip("one CPU: the process that waits awake has none to spare")
	}
	for _, k := range SharedKinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			f := newFamily(b, k, SharedOptions{})
			s := f.opens()
			p := f.spawn(job{Task: "hand"})
			p.says("comes")
			var all []time.Duration
			start(b, 0, func() {
				me := uint32(os.Getpid())
				for i := 0; b.Loop(); i++ {
					f.board.alternate(s, me)
					if taken := f.board.entered.Load() - f.board.released.Load(); i > 0 {
						all = append(all, time.Duration(taken))
					}
				}
				f.board.stop.Store(1)
			}).ends()
			p.ends()
			report(b, all)
		})
	}
}

// report shows the median and the 99th percentile.
func report(b *testing.B, all []time.Duration) {
	b.ReportMetric(0, "ns/op")
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	at := func(p int) float64 { return all[(len(all)*p+99)/100-1].Seconds() * 1e6 }
	b.ReportMetric(at(50), "p50-us")
	b.ReportMetric(at(99), "p99-us")
}

package gate

import (
	"fmt"
	"testing"

	"lflab/cas"
)

// BenchmarkGate measures an Acquire with its Release, in all threads together:
// in one thread alone, in threads that spend ten times as long outside as
// inside, and in threads that return at once. hand-overs/op is how often the
// gate went to another thread than before; the other times the same thread took
// it again.
//
// It uses few threads that spin: with more than there are CPUs each hand-over
// costs a time slice, which hides everything else.
func BenchmarkGate(b *testing.B) {
	for _, k := range Kinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			make1(b, k, 1) // skips all cases, with the reason, if the system lacks the mechanism
			for _, threads := range []int{1, 2, 4, 8} {
				if internalsOf[k.Name].spins && threads > 4 {
					continue
				}
				for _, c := range []struct {
					contention string
					outside    int
				}{{"some", 200}, {"full", 0}} {
					if threads == 1 {
						c.contention = "none"
					}
					b.Run(fmt.Sprintf("threads=%d/contention=%s", threads, c.contention), func(b *testing.B) {
						contend(b, k, threads, c.outside)
					})
					if threads == 1 {
						break
					}
				}
			}
		})
	}
}

// contend makes b.N rounds in all. A thread holds the gate for 20 pause
// instructions and executes `outside` of them between its rounds.
func contend(b *testing.B, k Kind, threads, outside int) {
	g := make1(b, k, threads)
	if threads == 1 {
		outside = 0
	}
	left, handovers, holder := b.N, 0, -1
	b.ResetTimer()
	team(b, threads, func(id int) {
		for more := true; more; {
			g.Acquire(id)
			if holder != id {
				handovers++
			}
			holder = id
			left--
			more = left > 0
			for range 20 {
				cas.Pause()
			}
			g.Release(id)
			for range outside {
				cas.Pause()
			}
		}
	}).end()
	b.StopTimer()
	b.ReportMetric(float64(handovers)/float64(b.N), "hand-overs/op")
}

// BenchmarkWakeOrder makes six threads wait one after the other and lets them
// in. fifo is the share of pairs that came in in the order of their waiting: 1
// for a queue, 0 for a stack, about 0.5 for random order. The time would be
// that of starting threads, so it is not shown.
func BenchmarkWakeOrder(b *testing.B) {
	const waiting = 6
	for _, k := range Kinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			g := make1(b, k, 1+waiting)
			sum, n := 0.0, 0
			for b.Loop() {
				sum += firstComeFirstServed(line(b, g, internalsOf[k.Name], waiting))
				n++
			}
			b.ReportMetric(sum/float64(n), "fifo")
			b.ReportMetric(0, "ns/op")
		})
	}
}

package gate

import (
	"fmt"
	"testing"

	"lflab/cas"
)

// BenchmarkGate times an Acquire with its Release, all threads together: with
// nobody else, with threads that spend ten times as long outside as inside, and
// with threads that come back at once. hand-overs/op is how often the gate went
// to another thread than the one before: the rest is overtaking.
//
// Threads that spin are few: beyond the number of CPUs each hand-over costs a
// time slice, and nothing else is to be seen.
func BenchmarkGate(b *testing.B) {
	for _, k := range Kinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			make1(b, k, 1) // skips them all, with the reason, where the system has none
			for _, threads := range []int{1, 2, 4, 8} {
				if doors[k.Name].spins && threads > 4 {
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

// contend makes b.N rounds, 20 pauses of the processor each, and so many
// between one's rounds.
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

// BenchmarkWakeOrder lines six threads up and lets them in. fifo is the share
// of pairs that came in as they had come: 1 is a queue, 0 a stack, 0.5 chance.
// The time would be that of starting threads, and is not shown.
func BenchmarkWakeOrder(b *testing.B) {
	const waiting = 6
	for _, k := range Kinds() {
		b.Run("gate="+k.Name, func(b *testing.B) {
			g := make1(b, k, 1+waiting)
			sum, n := 0.0, 0
			for b.Loop() {
				sum += firstComeFirstServed(line(b, g, doors[k.Name], waiting))
				n++
			}
			b.ReportMetric(sum/float64(n), "fifo")
			b.ReportMetric(0, "ns/op")
		})
	}
}

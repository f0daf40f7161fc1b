package park

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// game is two players who pass a turn back and forth, the smallest program that
// only makes hand-offs.
type game struct {
	_       [128]byte
	turn    atomic.Int64 // hand-offs so far; the player of that parity plays
	_       [128]byte
	total   int64
	started atomic.Bool
	parkers [2]Parker
	done    chan struct{}
}

// newGame prepares two players for a number of hand-offs. They are locked to
// their threads or not, and pinned to the given CPUs if there are any.
func newGame(t testing.TB, k Kind, handoffs int, locked bool, cpu ...int) *game {
	t.Helper()
	g := &game{total: int64(handoffs), parkers: [2]Parker{make1(t, k), make1(t, k)}, done: make(chan struct{})}
	var seated, both sync.WaitGroup
	seated.Add(2)
	for i := range g.parkers {
		both.Go(func() {
			if locked {
				runtime.LockOSThread() // without Unlock: a pinned thread ends with its goroutine
			}
			if len(cpu) > 0 {
				var set unix.CPUSet
				set.Set(cpu[i])
				if err := unix.SchedSetaffinity(0, &set); err != nil {
					t.Errorf("pin to CPU %d: %v", cpu[i], err)
				}
			}
			seated.Done()
			g.play(int64(i))
		})
	}
	seated.Wait()
	go func() { both.Wait(); close(g.done) }()
	return g
}

func (g *game) serve() {
	g.started.Store(true)
	g.parkers[0].Unpark()
}

func (g *game) play(me int64) {
	mine, other := g.parkers[me], g.parkers[1-me]
	for !g.started.Load() && me == 0 {
		mine.Park()
	}
	for {
		turn := g.turn.Load()
		switch {
		case turn >= g.total:
			return
		case turn%2 == me:
			g.turn.Store(turn + 1)
			other.Unpark()
		default:
			mine.Park()
		}
	}
}

var allowed, allowedErr = func() (set unix.CPUSet, err error) {
	err = unix.SchedGetaffinity(0, &set)
	return set, err
}()

// allowedCPUs returns the CPUs that the process might run on when it started.
// Any thread may have been pinned since, including the first.
func allowedCPUs() []int {
	if allowedErr != nil {
		panic(allowedErr)
	}
	var cpus []int
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// switches returns the number of context switches of the process so far.
func switches(t testing.TB) int64 {
	t.Helper()
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		t.Fatal(err)
	}
	return int64(ru.Nvcsw + ru.Nivcsw)
}

// BenchmarkHandoff measures one hand-off, half a round trip, between two
// threads, or goroutines if the kind is for them. csw/handoff is the number of
// context switches of the process.
func BenchmarkHandoff(b *testing.B) {
	places := []struct {
		name string
		cpus func(all []int) []int // nil if the machine has too few
	}{
		{"same", func(all []int) []int { return []int{all[0], all[0]} }},
		{"cross", func(all []int) []int {
			if len(all) < 2 {
				return nil
			}
			return all[:2]
		}},
		{"free", func([]int) []int { return []int{} }},
	}
	for _, k := range Kinds() {
		for _, place := range places {
			b.Run(fmt.Sprintf("primitive=%s/place=%s", k.Name, place.name), func(b *testing.B) {
				usable(b, k)
				if k.Unlocked && place.name != "free" {
					b.Skip("a goroutine cannot be pinned")
				}
				cpus := place.cpus(allowedCPUs())
				if cpus == nil {
					b.Skip("this process may run on one CPU only")
				}
				g := newGame(b, k, b.N, !k.Unlocked, cpus...)
				before := switches(b)
				b.ResetTimer()
				g.serve()
				<-g.done
				b.StopTimer()
				b.ReportMetric(float64(switches(b)-before)/float64(b.N), "csw/handoff")
			})
		}
	}
}

// BenchmarkUnparkAwake measures an Unpark of an owner that does not sleep, and
// the taking of that permit. Neither needs the kernel.
func BenchmarkUnparkAwake(b *testing.B) {
	for _, k := range Kinds() {
		b.Run("primitive="+k.Name, func(b *testing.B) {
			usable(b, k)
			p := make1(b, k)
			for b.Loop() {
				p.Unpark()
				p.Park()
			}
		})
	}
}

package gate

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/cas"
)

// conformance lists the tests that every Gate must pass.
var conformance = []struct {
	name string
	test func(*testing.T, Kind, internals)
}{
	{"one thread alone", alone},
	{"another thread under the same number", sameNumber},
	{"held keeps others out", keepsOut},
	{"two threads", twoThreads},
	{"more threads than CPUs", moreThanCPUs},
	{"visible to the next holder", visible},
	{"signals while waiting", signals},
	{"signals at any time", signalStorm},
	{"wake order", wakeOrder},
	{"two gates are two", twoGates},
	{"no allocation", noAllocation},
	{"close gives back", closeGivesBack},
	{"no descriptors left", noDescriptors},
}

// TestConformance runs the whole table for every kind.
func TestConformance(t *testing.T) { conform(t, "") }

// conform runs the case of that name for every kind, or all cases if the name
// is empty.
func conform(t *testing.T, name string) {
	t.Helper()
	ran := 0
	for _, k := range Kinds() {
		t.Run("gate="+k.Name, func(t *testing.T) {
			make1(t, k, 1) // skips all cases, with the reason, if the system lacks the mechanism
			for _, c := range conformance {
				if name == "" || name == c.name {
					t.Run(c.name, func(t *testing.T) { c.test(t, k, internalsOf[k.Name]) })
					ran++
				}
			}
		})
	}
	if ran == 0 {
		t.Errorf("no case %q ran", name)
	}
}

func TestLookup(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kinds() {
		found, err := Lookup(k.Name)
		if err != nil || found.Name != k.Name {
			t.Errorf("Lookup(%q) = %q, %v", k.Name, found.Name, err)
		}
		if k.Doc == "" || k.Kernel == "" || names[k.Name] {
			t.Errorf("gate %q: doc %q, kernel %q, name used before: %v", k.Name, k.Doc, k.Kernel, names[k.Name])
		}
		names[k.Name] = true
		if _, known := internalsOf[k.Name]; !known {
			t.Errorf("gate %q: the tests do not know how its threads wait; add it to internalsOf", k.Name)
		}
	}
	if _, err := Lookup("none"); err == nil {
		t.Error("Lookup of an unknown name: no error")
	}
}

func alone(t *testing.T, k Kind, _ internals) {
	g := make1(t, k, 1)
	start(t, 0, func() {
		for range 1000 {
			g.Acquire(0)
			g.Release(0)
		}
	}).ends()
}

// sameNumber lets several threads use the same number, each after the one
// before has ended.
func sameNumber(t *testing.T, k Kind, _ internals) {
	g := make1(t, k, 2)
	for range 20 {
		start(t, 1, func() {
			g.Acquire(1)
			g.Release(1)
		}).ends()
	}
}

// keepsOut checks that a thread waits by looking at its state, which is faster
// than watching it for some time.
func keepsOut(t *testing.T, k Kind, d internals) {
	g := make1(t, k, 2)
	for range scaled(10, 50) {
		var inside atomic.Bool
		waiter := new(member)
		holder := start(t, 0, func() {
			g.Acquire(0)
			waiter = start(t, 1, func() {
				g.Acquire(1)
				inside.Store(true)
				g.Release(1)
			})
			waiter.waits(g, d)
			if inside.Load() {
				t.Error("two threads hold the gate")
			}
			g.Release(0)
		})
		holder.ends()
		waiter.ends()
	}
}

func twoThreads(t *testing.T, k Kind, d internals) {
	rounds := scaled(1_000, 10_000)
	if d.spins && !full {
		rounds = min(rounds, 200)
	}
	excludes(t, k, 2, rounds)
}

// moreThanCPUs has so many threads that those that hold the gate or come next
// may lose their CPU. With a spinning gate each hand-over then costs a time
// slice.
func moreThanCPUs(t *testing.T, k Kind, d internals) {
	threads, rounds := 2*runtime.NumCPU()+2, scaled(200, 2_000)
	if d.spins {
		threads, rounds = min(threads, 6), scaled(10, 50)
	}
	excludes(t, k, threads, rounds)
}

// excludes counts with a plain counter for a number of rounds, and until the
// gate has passed between threads many times, because two threads that run one
// after the other prove nothing.
func excludes(t *testing.T, k Kind, threads, rounds int) {
	g := make1(t, k, threads)
	const handovers = 50
	var counter, changes int
	holder := -1
	own := make([]int, threads)
	team(t, threads, func(id int) {
		for enough := false; own[id] < rounds || !enough; own[id]++ {
			g.Acquire(id)
			if holder != id {
				changes++
			}
			holder = id
			seen := counter
			for range 20 { // time for other threads to come in wrongly
				cas.Pause()
			}
			counter = seen + 1
			if holder != id {
				t.Errorf("thread %d came in while thread %d held the gate", holder, id)
			}
			enough = changes >= handovers
			g.Release(id)
			for range 20 { // time for other threads to come in
				cas.Pause()
			}
		}
	}).end()
	want := 0
	for _, n := range own {
		want += n
	}
	if counter != want {
		t.Errorf("counted %d, want %d: %d lost", counter, want, want-counter)
	}
	t.Logf("%d rounds, %d hand-overs", counter, changes)
}

// visible lets each holder check that all words of a page have the value that
// one earlier holder wrote, and then rewrite them.
func visible(t *testing.T, k Kind, d internals) {
	const threads = 3
	rounds := scaled(100, 1_000)
	if d.spins && !full {
		rounds = min(rounds, 30)
	}
	g := make1(t, k, threads)
	words := new([512]int)
	team(t, threads, func(id int) {
		for range rounds {
			g.Acquire(id)
			first := words[0]
			for i := range words {
				if words[i] != first {
					t.Errorf("word %d is %d where word 0 is %d", i, words[i], first)
				}
				words[i] = first + 1
			}
			g.Release(id)
		}
	}).end()
	if words[0] != threads*rounds {
		t.Errorf("%d rounds are seen, want %d", words[0], threads*rounds)
	}
}

// signals interrupts a waiting thread many times. The thread must not get the
// gate, and must wait again.
func signals(t *testing.T, k Kind, d internals) {
	many := scaled(20, 100)
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR1)
	defer signal.Stop(arrived)

	g := make1(t, k, 2)
	var inside atomic.Bool
	waiter := new(member)
	start(t, 0, func() {
		g.Acquire(0)
		defer g.Release(0)
		waiter = start(t, 1, func() {
			g.Acquire(1)
			inside.Store(true)
			g.Release(1)
		})
		for range many {
			waiter.waits(g, d)
			waiter.signal(unix.SIGUSR1)
			<-arrived // the handler ran on that thread
			// The signal that Go's scheduler uses also ends system calls.
			waiter.signal(unix.SIGURG)
		}
		waiter.waits(g, d)
		if inside.Load() {
			t.Errorf("a signal let a second thread in")
		}
	}).ends()
	waiter.ends()
	if !inside.Load() {
		t.Error("the thread never came in")
	}
}

// signalStorm sends signals to threads anywhere in Acquire and Release.
func signalStorm(t *testing.T, k Kind, _ internals) {
	const threads = 2
	signals := scaled(500, 5_000)
	g := make1(t, k, threads)
	var stop atomic.Bool
	var counter int
	var own [threads]int
	all := team(t, threads, func(id int) {
		for ; !stop.Load(); own[id]++ {
			g.Acquire(id)
			counter++
			g.Release(id)
		}
	})
	for i := range signals {
		all[i%threads].signal(unix.SIGURG)
		runtime.Gosched()
	}
	stop.Store(true)
	all.end()
	if want := own[0] + own[1]; counter != want {
		t.Errorf("counted %d, want %d", counter, want)
	}
	t.Logf("%d signals in %d rounds", signals, counter)
}

// wakeOrder makes threads wait one after the other, and checks in which order
// they get the gate.
func wakeOrder(t *testing.T, k Kind, d internals) {
	const waiting = 6
	order := line(t, make1(t, k, 1+waiting), d, waiting)
	t.Logf("threads came in order %v: %.2f of all pairs first come, first served", order, firstComeFirstServed(order))
	if d.fifo && firstComeFirstServed(order) != 1 {
		t.Errorf("%s promises first come, first served; threads came in order %v", k.Name, order)
	}
}

// line makes thread 0 hold the gate until all others wait. Each is started when
// the one before it waits. It returns the order in which they get the gate.
func line(t testing.TB, g Gate, d internals, waiting int) (order []int) {
	t.Helper()
	var members group
	start(t, 0, func() {
		g.Acquire(0)
		for id := 1; id <= waiting; id++ {
			m := start(t, id, func() {
				g.Acquire(id)
				order = append(order, id)
				g.Release(id)
			})
			members = append(members, m)
			m.waits(g, d)
		}
		g.Release(0)
	}).ends()
	members.end()
	if len(order) != waiting {
		t.Fatalf("%d threads came in, want %d", len(order), waiting)
	}
	return order
}

// firstComeFirstServed returns the share of pairs in first-come order: 1 for a
// queue, 0 for a stack, about 0.5 for random order.
func firstComeFirstServed(order []int) float64 {
	pairs, kept := 0, 0
	for i, a := range order {
		for _, b := range order[i+1:] {
			pairs++
			if a < b {
				kept++
			}
		}
	}
	return float64(kept) / float64(pairs)
}

func twoGates(t *testing.T, k Kind, _ internals) {
	a, b := make1(t, k, 1), make1(t, k, 1)
	start(t, 0, func() {
		a.Acquire(0)
		start(t, 0, func() {
			b.Acquire(0)
			b.Release(0)
		}).ends()
		a.Release(0)
	}).ends()
}

func noAllocation(t *testing.T, k Kind, _ internals) {
	g := make1(t, k, 2)
	start(t, 0, func() {
		if n := testing.AllocsPerRun(100, func() {
			g.Acquire(0)
			g.Release(0)
		}); n != 0 {
			t.Errorf("%v allocations in Acquire and Release, alone", n)
		}
	}).ends()

	rounds := max(scaled(400, 5_000), 400)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	team(t, 2, func(id int) {
		for range rounds {
			g.Acquire(id)
			g.Release(id)
		}
	}).end()
	runtime.ReadMemStats(&after)
	// Two threads were started. The number of allocations must not grow with
	// the rounds.
	if n := after.Mallocs - before.Mallocs; n >= uint64(min(rounds, 1000)) {
		t.Errorf("%d allocations in %d contended rounds", n, 2*rounds)
	}
}

// closeGivesBack checks that after Close the process has no more descriptors
// and semaphores than before.
func closeGivesBack(t *testing.T, k Kind, d internals) {
	before := descriptors(t)
	for range 20 {
		g, err := k.New(4)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := g.(*semop); ok {
			note(s.id)
		}
		start(t, 3, func() {
			g.Acquire(3)
			g.Release(3)
		}).ends()
		if d.remains != nil && !d.remains(t, g) {
			t.Error("the test does not see what the gate holds of the system")
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if d.remains != nil && d.remains(t, g) {
			t.Error("what the gate held of the system is still there after Close")
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

// noDescriptors makes New run out of descriptors at each point.
func noDescriptors(t *testing.T, k Kind, d internals) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const threads = 4
	before := descriptors(t)
	refused := 0
	for spare := range uint64(threads + 2) {
		low := unix.Rlimit{Cur: lowest(t) + spare, Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		g, err := k.New(threads)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			err = g.Close()
		} else if refused++; !errors.Is(err, unix.EMFILE) {
			t.Errorf("with %d descriptors to spare: %v, want %v", spare, err, unix.EMFILE)
		}
		if after := descriptors(t); after != before {
			t.Fatalf("%d descriptors open after New with %d to spare (%v), %d before", after, spare, err, before)
		}
	}
	if refused == 0 && d.opens {
		t.Error("a gate that opens descriptors was made without one to spare")
	}
}

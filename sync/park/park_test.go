package park

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/cas"
)

const forever = int64(1<<63 - 1)

// conformance lists the tests that every Parker must pass.
var conformance = []struct {
	name string
	test func(*testing.T, Kind, internals)
}{
	{"wake before sleep", wakeBeforeSleep},
	{"two wakes are one permit", twoWakes},
	{"late wake hits the next sleep", lateWake},
	{"late half of a wake", lateHalf},
	{"spurious wake", spuriousWake},
	{"signals", signals},
	{"deadline past", deadlinePast},
	{"deadline passes", deadlinePasses},
	{"permit before deadline", permitBeforeDeadline},
	{"permit races deadline", permitRacesDeadline},
	{"permit found at deadline", permitAtDeadline},
	{"one waker of many wakes", oneWakerOfMany},
	{"close gives descriptors back", closeGivesBack},
	{"close awaits a late half", closeAwaits},
	{"no allocation", noAllocation},
	{"ping-pong", pingPongs},
}

// TestConformance runs the whole table for every kind.
func TestConformance(t *testing.T) { conform(t, "") }

// conform runs the case of that name for every kind, or all cases if the name
// is empty.
func conform(t *testing.T, name string) {
	t.Helper()
	ran := 0
	for _, k := range Kinds() {
		t.Run("primitive="+k.Name, func(t *testing.T) {
			usable(t, k)
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

// usable skips the test with the reason if the kind does not work on this
// machine.
func usable(t testing.TB, k Kind) {
	t.Helper()
	if err := k.Usable(); err != nil {
		t.Skipf("%s: %v", k.Name, err)
	}
}

func make1(t testing.TB, k Kind) Parker {
	t.Helper()
	p, err := k.New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // a thread may be parked on it for good
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func noPermit(t *testing.T, p Parker) {
	t.Helper()
	if p.ParkUntil(0) {
		t.Error("there is a permit that was not given")
	}
}

func wakeBeforeSleep(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	if p.Unpark() {
		t.Error("Unpark says that it woke an owner that never slept")
	}
	own(t, p, d, p.Park).ends()
	noPermit(t, p)
}

func twoWakes(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	for range 2 {
		if p.Unpark() {
			t.Error("Unpark says that it woke an owner that never slept")
		}
	}
	own(t, p, d, p.Park).ends()
	noPermit(t, p)
}

// lateWake: a waker makes something ready, and another waker's Unpark tells the
// owner. The first one's Unpark comes when the owner already sleeps for
// something else.
func lateWake(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	var stage, returns atomic.Int32
	o := own(t, p, d, func() {
		for stage.Load() < 1 {
			p.Park()
		}
		for stage.Load() < 2 {
			p.Park()
			returns.Add(1)
		}
	})
	o.asleep()
	stage.Store(1)
	o.unpark()
	o.unpark() // late: meant for stage 1, but it ends the sleep for stage 2
	if !poll(func() bool { return returns.Load() == 1 }) {
		t.Fatal("the late wake-up did not end the sleep")
	}
	o.asleep() // the owner's loop sleeps again
	stage.Store(2)
	o.unpark()
	o.ends()
	if n := returns.Load(); n != 2 {
		t.Errorf("the second sleep took %d parks, want 2", n)
	}
}

// lateHalf stops a waker between giving the permit and waking the owner. The
// owner finds the permit by itself and sleeps again. Then the waker goes on.
func lateHalf(t *testing.T, k Kind, d internals) {
	if d.noHalves != "" {
		t.Skip(d.noHalves)
	}
	p := make1(t, k)
	var returns atomic.Int32
	o := own(t, p, d, func() {
		for returns.Load() < 2 {
			p.Park()
			returns.Add(1)
		}
	})
	o.asleep()
	if !d.give(p) {
		t.Fatal("give did not ask for a wake-up of an owner that sleeps")
	}
	d.stray(p)
	if !poll(func() bool { return returns.Load() == 1 }) {
		t.Fatal("the owner did not find the permit")
	}
	o.asleep()
	d.wake(p)
	o.asleep()
	if n := returns.Load(); n != 1 {
		t.Fatalf("the late half of a wake-up made Park return without a permit")
	}
	o.unpark()
	o.ends()
	noPermit(t, p)
}

func spuriousWake(t *testing.T, k Kind, d internals) {
	if d.noStray != "" {
		t.Skip(d.noStray)
	}
	for name, sleep := range map[string]func(Parker){
		"Park": Parker.Park,
		"ParkUntil": func(p Parker) {
			if !p.ParkUntil(forever) {
				t.Error("ParkUntil returned without a permit before its deadline")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := make1(t, k)
			o := own(t, p, d, func() { sleep(p) })
			for range scaled(20, 100) {
				o.stray()
			}
			o.unpark()
			o.ends()
			noPermit(t, p)
		})
	}
}

// signals interrupts the owner's sleep many times. A signal ends a wait with a
// deadline; the kernel restarts one without.
func signals(t *testing.T, k Kind, d internals) {
	if d.unlocked {
		t.Skip("a goroutine has no thread to signal")
	}
	many := scaled(30, 200)
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR1)
	defer signal.Stop(arrived)

	for name, sleep := range map[string]func(Parker){
		"Park": Parker.Park,
		"ParkUntil": func(p Parker) {
			if !p.ParkUntil(forever) {
				t.Error("ParkUntil returned without a permit before its deadline")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := make1(t, k)
			o := own(t, p, d, func() { sleep(p) })
			for range many {
				o.asleep()
				if err := unix.Tgkill(unix.Getpid(), o.tid, unix.SIGUSR1); err != nil {
					t.Fatal(err)
				}
				<-arrived // the handler ran on that thread
			}
			o.unpark()
			o.ends()
			noPermit(t, p)
		})
	}
}

func deadlinePast(t *testing.T, k Kind, _ internals) {
	p := make1(t, k)
	for _, deadline := range []int64{-forever - 1, -1, 0, now() - int64(time.Second), now()} {
		if p.ParkUntil(deadline) {
			t.Errorf("deadline %d: took a permit that was not given", deadline)
		}
		p.Unpark()
		if !p.ParkUntil(deadline) {
			t.Errorf("deadline %d: did not take the permit that is there", deadline)
		}
		noPermit(t, p)
	}
}

func deadlinePasses(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	own(t, p, d, func() {
		for _, wait := range []time.Duration{100 * time.Nanosecond, time.Microsecond, 100 * time.Microsecond, 20 * time.Millisecond} {
			deadline := now() + int64(wait)
			taken := p.ParkUntil(deadline)
			if end := now(); taken || end < deadline {
				t.Errorf("deadline in %v: taken %v, returned %d ns after it; want false and not before it", wait, taken, end-deadline)
			}
		}
	}).ends()
	if p.Unpark() {
		t.Error("Unpark says that it woke an owner that gave up")
	}
	own(t, p, d, p.Park).ends()
}

func permitBeforeDeadline(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	for _, deadline := range []int64{now() + int64(time.Hour), forever} {
		o := own(t, p, d, func() {
			if !p.ParkUntil(deadline) {
				t.Error("ParkUntil returned without a permit before its deadline")
			}
		})
		o.unpark()
		o.ends()
		noPermit(t, p)
	}
}

// permitRacesDeadline gives a permit at about the time of the deadline. The
// sleep that it races with takes the permit, or the next one does, and there is
// only one. The test adjusts the waker's delay so that both happen, because a
// deadline may take effect late by the thread's timer slack.
//
// The rounds go on until both have happened, for at most 2,000 more rounds. If
// each happens in one round of 50 or more often, a run that misses one has a
// chance of 0.98^2000, about 10^-17.
func permitRacesDeadline(t *testing.T, k Kind, d internals) {
	p := make1(t, k)
	rounds := scaled(200, 5_000)
	var round, parked, delay atomic.Int64
	delay.Store(int64(20 * time.Microsecond))
	var inTime, late int
	o := own(t, p, d, func() {
		for i := int64(0); i < int64(rounds) || (inTime == 0 || late == 0) && i < int64(rounds)+2_000; i++ {
			deadline := now() + rand.Int64N(int64(20*time.Microsecond))
			round.Store(i + 1)
			if p.ParkUntil(deadline) {
				inTime++
				delay.Store(min(delay.Load()*17/16+100, int64(10*time.Millisecond)))
			} else {
				late++
				delay.Store(max(delay.Load()*15/16, 100))
				p.Park() // hangs if the permit is lost
			}
			if p.ParkUntil(0) {
				t.Errorf("round %d: a second permit", i)
				return
			}
			parked.Store(i + 1)
		}
	})
	waker := own(t, p, d, func() {
		for i := int64(0); ; i++ {
			for round.Load() <= i {
				cas.Pause()
				select {
				case <-o.done:
					return
				default:
				}
			}
			for until := now() + rand.Int64N(2*delay.Load()); now() < until; {
			}
			p.Unpark()
		}
	})
	watch(t, &parked, o.done)
	waker.ends()
	t.Logf("%d permits in time, %d after the deadline", inTime, late)
	if inTime == 0 || late == 0 {
		t.Errorf("no race: %d permits in time, %d after the deadline", inTime, late)
	}
}

// permitAtDeadline stops a waker between giving the permit and waking the
// owner, until the owner's deadline has passed.
func permitAtDeadline(t *testing.T, k Kind, d internals) {
	if d.noHalves != "" {
		t.Skip(d.noHalves)
	}
	p := make1(t, k)
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		var taken bool
		o := own(t, p, d, func() { taken = p.ParkUntil(now() + int64(wait)) })
		poll(func() bool { return d.asleep(p) || o.state() == 'X' })
		given := d.give(p)
		o.ends()
		if !given && wait < patience {
			p.ParkUntil(0)
			continue // the deadline passed before the permit was given
		}
		if !taken {
			t.Error("ParkUntil lost a permit that it found when its deadline passed")
		}
		noPermit(t, p)
		d.wake(p)
		noPermit(t, p)
		return
	}
}

// watch waits for done as long as there is progress.
func watch(t testing.TB, progress *atomic.Int64, done <-chan struct{}) {
	t.Helper()
	for {
		before := progress.Load()
		select {
		case <-done:
			return
		case <-time.After(patience):
			if progress.Load() == before {
				t.Fatalf("hangs in round %d", before)
			}
		}
	}
}

// oneWakerOfMany wakes one sleep from several threads at once.
func oneWakerOfMany(t *testing.T, k Kind, d internals) {
	const wakers = 4
	p := make1(t, k)
	for range scaled(40, 400) {
		o := own(t, p, d, p.Park)
		o.asleep()
		var woke atomic.Int32
		var all sync.WaitGroup
		for range wakers {
			all.Go(func() {
				if p.Unpark() {
					woke.Add(1)
				}
			})
		}
		all.Wait()
		o.ends()
		if n := woke.Load(); n != 1 {
			t.Fatalf("%d of %d wakers say that they woke the owner, want 1", n, wakers)
		}
		p.ParkUntil(0) // takes a permit that came when the owner was awake again
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

func closeGivesBack(t *testing.T, k Kind, d internals) {
	const many = 50
	before := descriptors(t)
	for range many {
		p, err := k.New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := own(t, p, d, p.Park)
		o.unpark()
		o.ends()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if p.Unpark() {
			t.Error("Unpark says that it woke the owner of a closed parker")
		}
	}
	// Other parts of the process may open and close descriptors, but not as
	// many.
	if after := descriptors(t); after > before+many/2 {
		t.Errorf("%d descriptors open before, %d after making and closing %d parkers", before, after, many)
	}
}

// closeAwaits stops a waker between giving the permit and writing its token.
// The owner finds the permit by itself and closes the parker.
func closeAwaits(t *testing.T, k Kind, d internals) {
	if !d.token {
		t.Skip("a late wake-up touches nothing that Close gives back")
	}
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR1)
	defer signal.Stop(arrived)

	for _, c := range []struct {
		name   string
		wait   time.Duration
		signal bool
	}{
		{"after a signal", time.Hour, true},
		{"after the deadline", 50 * time.Millisecond, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Parker
			var o *owner
			var closing, closed atomic.Bool
			for wait := c.wait; ; wait *= 2 {
				var err error
				if p, err = k.New(Options{}); err != nil {
					t.Fatal(err)
				}
				missed := false // whether the permit came after the deadline
				o = own(t, p, d, func() {
					if missed = !p.ParkUntil(now() + int64(wait)); missed {
						return
					}
					closing.Store(true)
					if err := p.Close(); err != nil {
						t.Error(err)
					}
					closed.Store(true)
				})
				poll(func() bool { return d.asleep(p) && o.state() == 'S' || o.state() == 'X' })
				if d.give(p) {
					break
				}
				o.ends()
				if !missed {
					t.Fatal("the permit was taken, and its waker does not know that the owner slept")
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				if wait > patience {
					t.Fatal("the owner does not sleep")
				}
			}
			if c.signal {
				if err := unix.Tgkill(unix.Getpid(), o.tid, unix.SIGUSR1); err != nil {
					t.Fatal(err)
				}
				<-arrived
			}
			if !poll(func() bool { return closed.Load() || closing.Load() && o.state() == 'S' }) {
				t.Fatal("the owner did not find the permit")
			}
			if closed.Load() {
				t.Fatal("Close did not wait for the token that a waker is about to write")
			}
			d.wake(p)
			o.ends()
		})
	}
}

func noAllocation(t *testing.T, k Kind, _ internals) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	p := make1(t, k)
	if n := testing.AllocsPerRun(1000, func() {
		p.Unpark()
		p.Park()
		p.Unpark()
		p.ParkUntil(forever)
		p.ParkUntil(0)
	}); n != 0 {
		t.Errorf("%v allocations per round, want 0", n)
	}
}

// pingPongs passes a turn back and forth. With kinds that sleep in the kernel,
// two locked threads first do so on one CPU, where each hand-off is a sleep and
// a wake-up. The other kinds make fewer hand-offs there, because they take five
// to fifteen times as long: the scheduler has to find the locked thread. Then
// threads do so that may run at the same time, so that sleeps and wake-ups
// race.
func pingPongs(t *testing.T, k Kind, d internals) {
	few, many := scaled(500, 20_000), scaled(5_000, 1_000_000)
	cpus := allowedCPUs()
	inKernel := d.token || d.give != nil
	on := func(rounds int, locked bool, cpu ...int) func(t *testing.T) {
		return func(t *testing.T) {
			g := newGame(t, k, 2*rounds, locked, cpu...)
			g.serve()
			watch(t, &g.turn, g.done)
			if total := g.turn.Load(); total != g.total {
				t.Errorf("ended at turn %d of %d", total, g.total)
			}
		}
	}
	switch {
	case inKernel:
		t.Run("threads, same CPU", on(many, true, cpus[0], cpus[0]))
	case d.unlocked:
		t.Run("goroutines", on(many, false))
		return
	default:
		t.Run("goroutines", on(few, false))
		t.Run("threads, same CPU", on(few, true, cpus[0], cpus[0]))
	}
	t.Run("threads, any CPU", on(few, true))
}

func TestLookup(t *testing.T) {
	var known []string
	for _, k := range Kinds() {
		got, err := Lookup(k.Name)
		if err != nil || got.Name != k.Name {
			t.Errorf("Lookup(%q) = %q, %v", k.Name, got.Name, err)
		}
		if k.Doc == "" || strings.Contains(k.Doc, "\n") {
			t.Errorf("%s: Doc %q, want one line", k.Name, k.Doc)
		}
		if !regexp.MustCompile(`^\d+\.\d+$`).MatchString(k.Kernel) {
			t.Errorf("%s: Kernel %q, want a version as 5.16", k.Name, k.Kernel)
		}
		known = append(known, k.Name)
	}
	_, err := Lookup("nonesuch")
	want := fmt.Sprintf("unknown parker %q (known: %s)", "nonesuch", strings.Join(known, ", "))
	if err == nil || err.Error() != want {
		t.Errorf("Lookup of an unknown name: %v, want %s", err, want)
	}
	if _, err := New("nonesuch", Options{}); err == nil {
		t.Error("New made a parker of an unknown kind")
	}
	Kinds()[0].Name = "changed"
	if Kinds()[0].Name != "futex" {
		t.Error("the registry can be changed from outside")
	}
}

func TestSpinBudget(t *testing.T) {
	if _, err := New("spinfutex", Options{Spin: -time.Nanosecond}); err == nil || !strings.Contains(err.Error(), "-1ns") {
		t.Errorf("negative budget: %v, want an error that names it", err)
	}
	p, err := New("spinfutex", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b := p.(*spinFutex).budget; b != DefaultSpin {
		t.Errorf("default budget %v, want %v", b, DefaultSpin)
	}

	// With a spin budget that does not end in this test, the owner never says
	// that it sleeps, and its waker never enters the kernel.
	p, err = New("spinfutex", Options{Spin: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	const hands = 20
	var waiting atomic.Bool
	o := own(t, p, internalsOf["spinfutex"], func() {
		for range hands {
			waiting.Store(true)
			p.Park()
		}
	})
	for range hands {
		if !poll(func() bool { return waiting.CompareAndSwap(true, false) }) {
			t.Fatal("the owner does not come back")
		}
		if p.Unpark() {
			t.Error("Unpark woke an owner that spins")
		}
	}
	o.ends()

	// A deadline also ends the spinning.
	deadline := now() + int64(time.Millisecond)
	if p.ParkUntil(deadline) {
		t.Error("took a permit that was not given")
	}
	if now() < deadline {
		t.Error("returned before the deadline")
	}
}

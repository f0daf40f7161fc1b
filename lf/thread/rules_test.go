package thread

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/futex"
)

// These tests check the rules of the package comment. They count instead of
// taking times, so that they hold on a busy machine. If a count can be spoilt
// all the same, the best of three attempts is taken, each in a process of its
// own.

// detours returns the number of scheduler events for each wake-up among eight
// workers and their driver, the lower and the higher of two runs. In one run
// all share a CPU, so a woken worker may preempt its waker. In the other they
// run where the kernel puts them, and both may run at the same time.
func detours(t *testing.T, primitive string, rounds int) (least, most float64) {
	t.Helper()
	least = math.Inf(1)
	for place, cpu := range map[string]int{"one CPU": CPUs()[0], "any CPU": AnyCPU} {
		b := seats(t, primitive, 8, cpu)
		var before, after uint64
		wakes := b.drive(rounds, cpu,
			func(*Thread) { before = schedulerEvents() },
			func(*Thread) { after = schedulerEvents() })
		b.clear()
		rate := float64(after-before) / float64(wakes)
		t.Logf("%s, %d Ps, %s: %.3f scheduler events per wake-up", primitive, runtime.GOMAXPROCS(0), place, rate)
		least, most = min(least, rate), max(most, rate)
	}
	return least, most
}

// The negative control: the count of the next test if parkers woke threads
// through the scheduler.
func TestChannelWakesByWayOfTheScheduler(t *testing.T) {
	alone(t, func(t *testing.T) {
		Reserve(9)
		if least, _ := detours(t, "channel", 1_000); least < 0.5 {
			t.Errorf("%.3f scheduler events per wake-up, want 1, and at least 0.5: the probe is blind", least)
		}
	})
}

func TestFutexWakesPastTheScheduler(t *testing.T) {
	alone(t, func(t *testing.T) {
		Reserve(9)
		if _, most := detours(t, "futex", 4_000); most > 0.1 {
			t.Errorf("%.3f scheduler events per wake-up, want at most 0.1", most)
		}
	})
}

// TestOnePIsTooFew: a driver keeps the only P until the worker that it has
// woken answers. The worker returns from its wait without a P and must queue
// for one, each time. The runtime samples one in eight, so half is enough.
func TestOnePIsTooFew(t *testing.T) {
	alone(t, func(t *testing.T) {
		runtime.GOMAXPROCS(1)
		const wakes = 16
		b := seats(t, "futex", 1, AnyCPU)
		w := &b.workers[0]
		var events uint64
		if err := Start(Options{Name: "driver", CPU: AnyCPU}, func(*Thread) {
			before := schedulerEvents()
			for woken := 0; woken < wakes; {
				want := b.answers.Load() + 1
				w.rounds.Add(1)
				if w.parker.Unpark() {
					woken++
				}
				for b.answers.Load() != want {
					cas.Pause()
				}
			}
			events = schedulerEvents() - before
		}).Join(); err != nil {
			t.Fatal(err)
		}
		b.clear()
		if events < wakes/2 {
			t.Errorf("%d scheduler events in %d wake-ups: the probe is blind, or Reserve is needless", events, wakes)
		}
	})
}

// TestOneSwitchPerHandoff has two threads on one CPU, so that a hand-off is one
// switch between them. The switch is voluntary if the waker runs on until it
// sleeps. If the woken thread preempts its waker, the waker's switch is
// involuntary, and every second switch remains voluntary: the worker's, after
// its answer. So the count is 0.5 to 1, and less if other programs take the CPU
// from a thread that is about to sleep. A thread that spins has none. A detour
// through the scheduler has two and more.
func TestOneSwitchPerHandoff(t *testing.T) {
	alone(t, func(t *testing.T) {
		Reserve(2)
		cpu := CPUs()[0]
		b := seats(t, "futex", 1, cpu)
		voluntary := func(driver *Thread) (sum uint64) {
			for _, tid := range []int{driver.TID(), b.workers[0].thread.TID()} {
				v, _, err := Switches(tid)
				if err != nil {
					t.Error(err)
				}
				sum += v
			}
			return sum
		}
		var before, after uint64
		handoffs := b.drive(4_000, cpu,
			func(driver *Thread) { before = voluntary(driver) },
			func(driver *Thread) { after = voluntary(driver) })
		b.clear()
		rate := float64(after-before) / float64(handoffs)
		t.Logf("%.3f voluntary switches per hand-off", rate)
		if rate < 0.25 || rate > 1.5 {
			t.Errorf("%.3f voluntary switches per hand-off, want 0.25 to 1.5", rate)
		}
	})
}

// TestCollectionDoesNotWait collects garbage while all threads are blocked for
// good. In the control a thread blocks in a raw system call, the wrong way,
// until a timer expires: the collection does not end before.
func TestCollectionDoesNotWait(t *testing.T) {
	alone(t, func(t *testing.T) {
		Reserve(17)
		b := seats(t, "futex", 16, AnyCPU)
		b.blocked()
		collected := make(chan struct{})
		go func() {
			runtime.GC()
			close(collected)
		}()
		select {
		case <-collected:
		case <-time.After(time.Minute):
			t.Fatal("a collection waits for threads that are blocked")
		}
		b.clear()

		timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(timer)
		raw := Start(Options{Name: "raw", CPU: AnyCPU}, func(*Thread) { rawRead(timer) })
		eventually(t, "the raw thread sleeps", func() bool { return state(raw.TID()) == 'S' })
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(200 * time.Millisecond))}
		if err := unix.TimerfdSettime(timer, 0, &spec, nil); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		if err := unix.TimerfdGettime(timer, &spec); err != nil {
			t.Fatal(err)
		}
		if left := spec.Value.Nano(); left != 0 {
			t.Errorf("a collection ended %v before a raw system call did: the test is blind", time.Duration(left))
		}
		if err := raw.Join(); err != nil {
			t.Error(err)
		}
	})
}

// TestIdleThreadsAreNotInterrupted lets eight threads wait with a deadline,
// because every signal ends such a wait, and counts what ends the waits. In the
// control a thread waits in a raw system call, the wrong way, and is
// interrupted.
func TestIdleThreadsAreNotInterrupted(t *testing.T) {
	alone(t, func(t *testing.T) {
		const idlers = 8
		Reserve(idlers + 1)
		end := monotonic(t) + int64(300*time.Millisecond)
		var interrupted atomic.Int64
		var all []*Thread
		for range idlers {
			all = append(all, Start(Options{Name: "idler", CPU: AnyCPU}, func(*Thread) {
				word := new(atomic.Uint32)
				for futex.WaitUntil(word, 0, end) != futex.ErrDeadline {
					interrupted.Add(1) // no thread wakes it and the word is 0: a signal
				}
			}))
		}
		for _, th := range all {
			if err := th.Join(); err != nil {
				t.Error(err)
			}
		}
		if n := interrupted.Load(); n != 0 {
			t.Errorf("%d waits were interrupted, want none", n)
		}

		var raw bool
		if err := Start(Options{Name: "raw", CPU: AnyCPU}, func(*Thread) {
			raw = rawWaitUntil(monotonic(t) + int64(time.Minute))
		}).Join(); err != nil {
			t.Error(err)
		}
		if !raw {
			t.Error("a raw wait was not interrupted: the test is blind")
		}
	})
}

func monotonic(t *testing.T) int64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		t.Fatal(err)
	}
	return ts.Nano()
}

// TestKernelCounts counts in the kernel the two things that the runtime could
// do unnoticed: its own futex calls, and signals.
func TestKernelCounts(t *testing.T) {
	alone(t, func(t *testing.T) {
		Reserve(17)
		points := findTracepoints(t, "syscalls/sys_enter_futex", "signal/signal_generate")
		rate := func(primitive string) float64 {
			cpu := CPUs()[0]
			b := seats(t, primitive, 1, cpu)
			var calls *counter
			handoffs := b.drive(2_000, cpu,
				func(*Thread) { calls = count(t, points[0], "") },
				func(*Thread) { calls.stop() })
			b.clear()
			return float64(calls.n) / float64(handoffs)
		}
		futexes, channels := rate("futex"), rate("channel")
		t.Logf("futex calls per hand-off: futex %.2f, channel %.2f", futexes, channels)
		if futexes > 3 {
			t.Errorf("%.2f futex calls per hand-off, want 2, and at most 3", futexes)
		}
		if channels <= 3 {
			t.Errorf("%.2f futex calls per hand-off by channel, want over 3: the probe is blind", channels)
		}

		b := seats(t, "futex", 16, AnyCPU)
		b.blocked()
		signals := count(t, points[1], "sig==23")
		idle := Start(Options{Name: "idle", CPU: AnyCPU}, func(*Thread) {
			word, end := new(atomic.Uint32), monotonic(t)+int64(300*time.Millisecond)
			for futex.WaitUntil(word, 0, end) != futex.ErrDeadline {
			}
		})
		if err := idle.Join(); err != nil {
			t.Error(err)
		}
		signals.stop()
		b.clear()
		t.Logf("%d SIGURG in 300 ms with 16 threads blocked", signals.n)
		// Each thread would get 30 if it blocked in a raw call.
		if signals.n >= 60 {
			t.Errorf("%d SIGURG in 300 ms with 16 threads blocked, want fewer than 60", signals.n)
		}

		sent := count(t, points[1], "sig==23")
		for range 10 {
			if err := unix.Kill(unix.Getpid(), unix.SIGURG); err != nil {
				t.Fatal(err)
			}
		}
		if sent.stop(); sent.n < 10 {
			t.Errorf("counted %d SIGURG of 10: the probe is blind", sent.n)
		}
	})
}

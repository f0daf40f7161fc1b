package futex

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func now(t testing.TB) int64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		t.Fatal(err)
	}
	return ts.Nano()
}

// eventually polls until ok returns true, for something that happens soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// deadlineEnds repeats a wait until it does not return nil, as it may after a
// signal.
func deadlineEnds(wait func() error) (err error) {
	for range 1000 {
		if err = wait(); err != nil {
			break
		}
	}
	return err
}

func TestWaitReturnsAtOnceWhenTheWordDiffers(t *testing.T) {
	word := new(atomic.Uint32)
	word.Store(7)
	if err := Wait(word, 8); err != nil {
		t.Errorf("Wait on a word that differs: %v, want nil", err)
	}
	if err := WaitUntil(word, 8, now(t)+int64(time.Hour)); err != nil {
		t.Errorf("WaitUntil on a word that differs: %v, want nil", err)
	}
}

func TestDeadline(t *testing.T) {
	word := new(atomic.Uint32)
	start := now(t)
	for _, deadline := range []int64{-1, 0, start, start - int64(time.Second), start + int64(20*time.Millisecond)} {
		if err := deadlineEnds(func() error { return WaitUntil(word, 0, deadline) }); !errors.Is(err, ErrDeadline) {
			t.Errorf("deadline start%+d ns: %v, want %v", deadline-start, err, ErrDeadline)
		}
		if end := now(t); end < deadline {
			t.Errorf("deadline start%+d ns: returned %d ns before it", deadline-start, deadline-end)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = WaitUntil(word, 0, 0) }); n != 0 {
		t.Errorf("WaitUntil allocates %v times, want 0", n)
	}
}

// TestWakeCounts has waiters that do not look at the word, so that Wake's count
// is the number of waits that ended.
func TestWakeCounts(t *testing.T) {
	const waiters = 6
	word := new(atomic.Uint32)
	if n := Wake(word, All); n != 0 {
		t.Fatalf("woke %d threads, but none waits", n)
	}
	var ended atomic.Int32
	var all sync.WaitGroup
	for range waiters {
		all.Go(func() {
			if err := Wait(word, 0); err != nil {
				t.Errorf("Wait: %v", err)
			}
			ended.Add(1)
		})
	}
	total := 0
	for total < 2 { // the waiters may come at any time
		total += Wake(word, 1)
	}
	for total < 4 {
		n := Wake(word, 2)
		if n > 2 || n > waiters-total {
			t.Fatalf("woke %d after %d of %d, asked for 2", n, total, waiters)
		}
		total += n
	}
	eventually(t, "the woken return", func() bool { return int(ended.Load()) == total })
	for total < waiters {
		total += Wake(word, All)
	}
	all.Wait()
	if n := Wake(word, All); n != 0 || total != waiters {
		t.Errorf("woke %d, then %d more, want %d, then 0", total, n, waiters)
	}
}

func TestWakeRefusesCounts(t *testing.T) {
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Wake(%d) did not panic", n)
				}
			}()
			Wake(new(atomic.Uint32), n)
		}()
	}
}

// TestNoWakeIsLost passes a turn back and forth between two threads. By chance
// the word sometimes changes between a waiter's look at it and its wait.
func TestNoWakeIsLost(t *testing.T) {
	rounds := scaled(5_000, 500_000)
	word := new(atomic.Uint32)
	play := func(parity uint32) {
		runtime.LockOSThread() // without Unlock: the thread ends with the goroutine
		for turn := word.Load(); turn < rounds; turn = word.Load() {
			if turn%2 == parity {
				word.Store(turn + 1)
				Wake(word, 1)
				continue
			}
			if err := Wait(word, turn); err != nil {
				t.Errorf("turn %d: %v", turn, err)
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { play(0) })
	both.Go(func() { play(1) })
	done := make(chan struct{})
	go func() { both.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("hangs at turn %d of %d", word.Load(), rounds)
	}
}

// TestSignals sends real signals to a thread that sleeps in a wait with a
// deadline. The kernel never restarts such a wait, so each signal ends one,
// which returns nil.
func TestSignals(t *testing.T) {
	const signals = 20
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR1)
	defer signal.Stop(arrived)

	word := new(atomic.Uint32)
	var returns atomic.Int32
	deadline := now(t) + int64(time.Hour)
	waiter := own(func() {
		for word.Load() == 0 {
			if err := WaitUntil(word, 0, deadline); err != nil {
				t.Errorf("WaitUntil: %v", err)
				return
			}
			returns.Add(1)
		}
	})
	for range signals {
		waiter.waits(t, word)
		before := returns.Load()
		if err := unix.Tgkill(unix.Getpid(), waiter.tid, unix.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		<-arrived
		eventually(t, "a signal ends the wait", func() bool { return returns.Load() > before })
	}
	word.Store(1)
	Wake(word, 1)
	waiter.ends(t)
}

func TestErrors(t *testing.T) {
	if err := lookAgain(unix.ENOSYS); !errors.Is(err, unix.ENOSYS) || err.Error() != "futex wait: function not implemented" {
		t.Errorf("ENOSYS is reported as %q", err)
	}
}

func BenchmarkWakeNobody(b *testing.B) {
	word := new(atomic.Uint32)
	for b.Loop() {
		Wake(word, 1)
	}
}

func BenchmarkWaitChanged(b *testing.B) {
	word := new(atomic.Uint32)
	for b.Loop() {
		_ = Wait(word, 1)
	}
}

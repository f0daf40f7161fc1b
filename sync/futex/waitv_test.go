package futex

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func needWaitV(t testing.TB) {
	t.Helper()
	if err := WaitVAvailable(); err != nil {
		t.Skip(err)
	}
}

func three() (words [3]*atomic.Uint32, on []Waiter) {
	for i := range words {
		words[i] = new(atomic.Uint32)
		on = append(on, On(words[i], 0))
	}
	return words, on
}

func TestWaitVReturnsAtOnceWhenAnyWordDiffers(t *testing.T) {
	needWaitV(t)
	for i := range 3 {
		words, on := three()
		words[i].Store(7)
		if err := WaitV(on); err != nil {
			t.Errorf("word %d differs: %v, want nil", i, err)
		}
		if err := WaitVUntil(on, now(t)+int64(time.Hour)); err != nil {
			t.Errorf("word %d differs, with a deadline: %v, want nil", i, err)
		}
	}
}

func TestWaitVDeadline(t *testing.T) {
	needWaitV(t)
	_, on := three()
	start := now(t)
	for _, deadline := range []int64{-1, 0, start, start + int64(20*time.Millisecond)} {
		if err := deadlineEnds(func() error { return WaitVUntil(on, deadline) }); !errors.Is(err, ErrDeadline) {
			t.Errorf("deadline start%+d ns: %v, want %v", deadline-start, err, ErrDeadline)
		}
		if end := now(t); end < deadline {
			t.Errorf("deadline start%+d ns: returned %d ns before it", deadline-start, deadline-end)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = WaitVUntil(on, 0) }); n != 0 {
		t.Errorf("WaitVUntil allocates %v times, want 0", n)
	}
}

func TestWaitVRefusesCounts(t *testing.T) {
	for _, n := range []int{0, MaxWaiters + 1} {
		if err := WaitV(make([]Waiter, n)); err == nil || !strings.Contains(err.Error(), "want 1 to 128") {
			t.Errorf("%d words: %v", n, err)
		}
	}
}

// TestWaitVWakesOnEachWord checks that one Wake counts a waiter once, whichever
// word it is for, and that the waiter has then left the queues of the other
// words.
func TestWaitVWakesOnEachWord(t *testing.T) {
	needWaitV(t)
	for i := range 3 {
		words, on := three()
		ended := make(chan error, 1)
		go func() {
			runtime.LockOSThread()
			ended <- WaitV(on)
		}()
		eventually(t, "one waiter is woken", func() bool {
			n := Wake(words[i], All)
			if n > 1 {
				t.Fatalf("one waiter counted %d times", n)
			}
			return n == 1
		})
		if err := <-ended; err != nil {
			t.Errorf("woken on word %d: %v", i, err)
		}
		for j, w := range words {
			if n := Wake(w, All); n != 0 {
				t.Errorf("woken on word %d, and %d times on word %d", i, n, j)
			}
		}
	}
}

// TestWaitVLosesNoWake passes a turn along three words from a thread that
// changes one at a time to one that waits on all.
func TestWaitVLosesNoWake(t *testing.T) {
	needWaitV(t)
	rounds := scaled(3_000, 300_000)
	words, _ := three()
	answer := new(atomic.Uint32)
	var both sync.WaitGroup
	both.Go(func() {
		runtime.LockOSThread()
		var seen [3]uint32
		on := make([]Waiter, 3)
		for n := uint32(0); n < rounds; {
			for i, w := range words {
				v := w.Load()
				n += v - seen[i]
				seen[i] = v
				on[i] = On(w, v)
			}
			if n > answer.Load() {
				answer.Store(n)
				Wake(answer, 1)
				continue
			}
			if err := WaitV(on); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Go(func() {
		runtime.LockOSThread()
		for n := range rounds {
			w := words[n*7%3]
			w.Add(1)
			Wake(w, 1)
			for answer.Load() <= n {
				if err := Wait(answer, n); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	done := make(chan struct{})
	go func() { both.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("hangs after %d of %d", answer.Load(), rounds)
	}
}

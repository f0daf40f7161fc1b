package futex

import (
	"errors"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// needPI skips the test if the kernel has no priority inheritance.
func needPI(t *testing.T) {
	t.Helper()
	word := new(atomic.Uint32)
	var err error
	own(func() {
		word.Store(uint32(unix.Gettid()) | Waiters)
		err = UnlockPI(word)
	}).ends(t)
	switch {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

func TestPIWordNamesItsOwner(t *testing.T) {
	needPI(t)
	word := new(atomic.Uint32)
	var waiter *owner
	own(func() {
		if err := LockPI(word); err != nil {
			t.Error(err)
		}
		if got := word.Load(); got != uint32(unix.Gettid()) {
			t.Errorf("word %#x after LockPI, want %#x", got, unix.Gettid())
		}
		if err := LockPI(word); !errors.Is(err, unix.EDEADLK) {
			t.Errorf("LockPI by the owner: %v, want %v", err, unix.EDEADLK)
		}
		waiter = own(func() {
			if err := LockPI(word); err != nil {
				t.Error(err)
			}
			if got := word.Load() & TIDMask; got != uint32(unix.Gettid()) {
				t.Errorf("word names %d after LockPI, want %d", got, unix.Gettid())
			}
			if err := UnlockPI(word); err != nil {
				t.Error(err)
			}
		})
		waiter.waits(t, word)
		if word.Load()&Waiters == 0 {
			t.Errorf("word %#x where a thread waits, want bit %#x", word.Load(), uint32(Waiters))
		}
		if err := UnlockPI(word); err != nil {
			t.Error(err)
		}
		// UnlockPI has handed the lock over before it returned. The waiter may
		// have unlocked it since.
		if got := word.Load() & TIDMask; got != 0 && got != uint32(waiter.tid) {
			t.Errorf("word names %d after UnlockPI, want the waiting %d or 0", got, waiter.tid)
		}
	}).ends(t)
	waiter.ends(t)
	if got := word.Load(); got != 0 {
		t.Errorf("word %#x at the end, want 0", got)
	}
}

// TestPIInherits lets a real-time thread wait, and checks that the owner gets
// its priority.
func TestPIInherits(t *testing.T) {
	needPI(t)
	word := new(atomic.Uint32)
	locked, unlock, unlocked, end := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	holder := own(func() {
		if err := LockPI(word); err != nil {
			t.Error(err)
		}
		close(locked)
		<-unlock
		if err := UnlockPI(word); err != nil {
			t.Error(err)
		}
		close(unlocked)
		<-end
	})
	<-locked
	before := holder.priority(t)
	refused := make(chan error, 1)
	waiter := own(func() {
		err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
		refused <- err
		if err != nil {
			return
		}
		if err := LockPI(word); err != nil {
			t.Error(err)
		}
		if err := UnlockPI(word); err != nil {
			t.Error(err)
		}
	})
	if err := <-refused; err != nil {
		close(unlock)
		close(end)
		holder.ends(t)
		waiter.ends(t)
		t.Skipf("make a thread SCHED_FIFO: %v", err)
	}
	waiter.waits(t, word)
	during := holder.priority(t)
	close(unlock)
	<-unlocked
	after := holder.priority(t)
	close(end)
	holder.ends(t)
	waiter.ends(t)
	if during != -2 || before != after || before <= during {
		t.Errorf("owner's priority %d, %d while a SCHED_FIFO 1 thread waits, %d after it; want it to be -2 in between", before, during, after)
	}
}

// TestPIOwnerEnds checks that a waiting thread gets the lock of an owner that
// has ended.
func TestPIOwnerEnds(t *testing.T) {
	needPI(t)
	word := new(atomic.Uint32)
	var waiter *owner
	dies(t, func() {
		if err := LockPI(word); err != nil {
			t.Error(err)
		}
		waiter = own(func() {
			for range 2 { // the second time no owner has ended
				if err := LockPI(word); err != nil {
					t.Error(err)
				}
				if err := UnlockPI(word); err != nil {
					t.Error(err)
				}
			}
		})
		waiter.waits(t, word)
	})
	waiter.ends(t)
	if got := word.Load(); got != 0 {
		t.Errorf("word %#x at the end, want 0", got)
	}
}

func TestPIOwnerEndsWithNobodyWaiting(t *testing.T) {
	needPI(t)
	word := new(atomic.Uint32)
	dies(t, func() {
		if err := LockPI(word); err != nil {
			t.Error(err)
		}
	})
	own(func() {
		if err := LockPI(word); !errors.Is(err, unix.ESRCH) {
			t.Errorf("LockPI where the owner has ended: %v, want %v", err, unix.ESRCH)
		}
	}).ends(t)
}

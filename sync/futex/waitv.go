package futex

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxWaiters is the largest number of words that WaitV can wait on.
const MaxWaiters = 128

// Waiter is one of the words of a WaitV and the value that it is compared with.
// It has the layout of struct futex_waitv.
type Waiter struct {
	val   uint64
	addr  *atomic.Uint32
	flags uint32
	_     uint32
}

// On returns the Waiter that waits while *addr == val. The word must be on the
// heap or global.
func On(addr *atomic.Uint32, val uint32) Waiter {
	return Waiter{val: uint64(val), addr: addr, flags: size32 | private}
}

// WaitV blocks the calling thread while each of the words has its value, until
// a Wake on any of them (futex_waitv(2), Linux 5.16). Such a Wake counts the
// thread once.
//
// nil means the same as for Wait. The kernel returns the index of a word that
// the thread was woken on. WaitV drops it, because other words may have changed
// as well and the caller must look at all of them.
//
// WaitV costs one queue entry for each word. For one word use Wait.
func WaitV(words []Waiter) error {
	if err := counted(words); err != nil {
		return err
	}
	return lookAgainV(waitv(words, nil))
}

// WaitVUntil is WaitV with a deadline; see WaitUntil.
func WaitVUntil(words []Waiter, deadline int64) error {
	if err := counted(words); err != nil {
		return err
	}
	ts := unix.NsecToTimespec(max(deadline, 0))
	return lookAgainV(waitv(words, &ts))
}

// WaitVAvailable returns an error that says why WaitV cannot be used here, or
// nil. It asks the kernel once.
var WaitVAvailable = sync.OnceValue(func() error {
	// A kernel that has the call refuses an empty list with EINVAL.
	if errno := waitv(nil, nil); errno != unix.EINVAL {
		return fmt.Errorf("futex_waitv: %w (Linux 5.16 has it)", errno)
	}
	return nil
})

func counted(words []Waiter) error {
	if n := len(words); n < 1 || n > MaxWaiters {
		return fmt.Errorf("futex wait on %d words (want 1 to %d)", n, MaxWaiters)
	}
	return nil
}

func lookAgainV(errno syscall.Errno) error {
	if errno == unix.ENOSYS {
		return WaitVAvailable()
	}
	return lookAgain(errno)
}

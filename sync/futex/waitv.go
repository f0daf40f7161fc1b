package futex

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxWaiters is how many words WaitV can wait on at once.
const MaxWaiters = 128

// Waiter is one of the words of a WaitV, with the value that it is waited on
// for. It has the layout of struct futex_waitv.
type Waiter struct {
	val   uint64
	addr  *atomic.Uint32
	flags uint32
	_     uint32
}

// On is the Waiter for as long as *addr == val. The word must be on the heap or
// global.
func On(addr *atomic.Uint32, val uint32) Waiter {
	return Waiter{val: uint64(val), addr: addr, flags: size32 | private}
}

// WaitV blocks the calling thread while every one of the words has its value,
// until a Wake on any of them: futex_waitv(2), of Linux 5.16. A Wake counts the
// thread once, on whichever word it comes.
//
// What nil means is said at Wait. The kernel names a word that the thread was
// woken on; that is not passed on, for another one may have changed as well,
// and the caller must look at all of them.
//
// It costs a queue entry for each word; with one word use Wait.
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

// WaitVAvailable tells why WaitV cannot be used here; nil means that it can.
// The kernel is asked once.
var WaitVAvailable = sync.OnceValue(func() error {
	// No word at all is refused by a kernel that has the call.
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

package futex

import (
	"fmt"
	"math"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrDeadline is returned by WaitUntil when the deadline has passed. It is
// ETIMEDOUT.
const ErrDeadline = unix.ETIMEDOUT

// All, as the number of threads to wake, wakes every thread that waits.
const All = math.MaxInt32

// Wait blocks the calling thread while *addr == val, until it is woken.
//
// nil only means that the caller must look again: the thread was woken (0),
// *addr was not val to begin with (EAGAIN), or a signal came (EINTR). These are
// one outcome because the caller must do the same in all three cases, and
// because a wake-up meant for an earlier wait on the same word looks like one
// for this wait. Any other error says that futex(2) cannot be used like this.
// Calling again does not help.
//
// The comparison and the start of the sleep are atomic with respect to Wake. So
// if another thread stores to *addr and then calls Wake, this thread sees the
// store or is woken.
//
// The word must be on the heap or global.
func Wait(addr *atomic.Uint32, val uint32) error {
	return lookAgain(wait(addr, val))
}

// WaitUntil is Wait with an absolute deadline, in nanoseconds of
// CLOCK_MONOTONIC. It returns ErrDeadline when the deadline has passed and
// *addr was val: never early, and late by up to the thread's timer slack (50 µs
// by default). The deadline is absolute so that it does not move when the
// caller waits again after a signal.
func WaitUntil(addr *atomic.Uint32, val uint32, deadline int64) error {
	// The kernel refuses negative times. CLOCK_MONOTONIC began at 0, so they
	// are all in the past.
	ts := unix.NsecToTimespec(max(deadline, 0))
	return lookAgain(waitUntil(addr, val, &ts))
}

// Wake wakes at most n of the threads that wait on addr, in the order in which
// they came, and returns how many it woke. The caller changes *addr first. It
// does not block. It panics if the kernel refuses, which happens only when
// futex(2) is forbidden to the process.
func Wake(addr *atomic.Uint32, n int) (woken int) {
	if n < 1 || n > All {
		panic(fmt.Sprintf("futex: wake %d threads, want 1 to %d", n, All))
	}
	woken, errno := wake(addr, n)
	if errno != 0 {
		panic(fmt.Sprintf("futex: wake: %v", errno))
	}
	return woken
}

func lookAgain(errno syscall.Errno) error {
	switch errno {
	case 0, unix.EAGAIN, unix.EINTR:
		return nil
	case ErrDeadline:
		return ErrDeadline
	}
	return fmt.Errorf("futex wait: %w", errno)
}

package futex

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The parts of the word of a lock that names its owner, as the kernel reads and
// writes it. 0 is a free lock.
const (
	Waiters   = 1 << 31       // other threads wait: unlock through the kernel
	OwnerDied = 1 << 30       // the owner's thread ended without unlocking
	TIDMask   = OwnerDied - 1 // the owner's thread ID
)

// LockPI takes the lock with priority inheritance at addr for the calling
// thread, and blocks until it has it. The calling goroutine must be locked to
// its thread until UnlockPI. Only LockPI and UnlockPI may write the word. A
// thread must not lock it twice.
//
// While the caller blocks, the owner runs at the caller's priority if that is a
// higher real-time priority. Signals do not end the wait. An error means that
// the lock was not taken: ESRCH, the owner's thread ended without unlocking
// while no thread waited; EDEADLK, the caller owns the lock, or waits for
// itself through other such locks; ENOSYS, the kernel has no such locks.
//
// LockPI takes a free lock by one atomic access, after a system call for the
// thread's ID. The race detector does not see a hand-over in the kernel, so it
// does not take LockPI for an acquire.
func LockPI(addr *atomic.Uint32) error {
	if addr.CompareAndSwap(0, uint32(unix.Gettid())) {
		return nil
	}
	for {
		switch errno := lockPI(addr); errno {
		case 0:
			return nil
		case unix.EINTR, unix.EAGAIN: // EAGAIN: the owner is just ending
		default:
			return fmt.Errorf("futex lock with priority inheritance (word %#x): %w", addr.Load(), errno)
		}
	}
}

// UnlockPI gives up the lock, which the calling thread must own. When it
// returns, the lock belongs to the waiting thread with the highest real-time
// priority, or else to the one that has waited longest. It does not block.
func UnlockPI(addr *atomic.Uint32) error {
	if word := addr.Load(); word&Waiters == 0 && addr.CompareAndSwap(word, 0) {
		return nil
	}
	for {
		switch errno := unlockPI(addr); errno {
		case 0:
			return nil
		case unix.EINTR, unix.EAGAIN:
		default:
			return fmt.Errorf("futex unlock with priority inheritance (word %#x): %w", addr.Load(), errno)
		}
	}
}

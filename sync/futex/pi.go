package futex

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The word of a lock that names its owner, as the kernel reads and writes it.
// 0 is free.
const (
	Waiters   = 1 << 31       // others wait: who unlocks must tell the kernel
	OwnerDied = 1 << 30       // the owner's thread ended, and nobody has cleaned up
	TIDMask   = OwnerDied - 1 // the owner's thread ID
)

// LockPI takes the lock with priority inheritance that addr is, for the calling
// thread, and blocks until it can. The calling goroutine must be locked to its
// thread, and stay so until UnlockPI. Nobody but LockPI and UnlockPI writes the
// word, and it is not locked twice by one thread.
//
// While it blocks, the owner runs at the caller's priority if that is a higher
// real-time one. Signals do not end it. An error says that the lock cannot be
// had: ESRCH, that the owner's thread ended without unlocking while nobody
// waited; EDEADLK, that the caller is the owner, or waits for itself through
// other such locks; ENOSYS, that the kernel has no such locks.
//
// When nobody owns the lock it is taken by one atomic access, after a system
// call for the thread's ID. For others that is an acquire only in the kernel's
// sense: the race detector does not see a hand-over in the kernel.
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

// UnlockPI gives up the lock, which the calling thread owns. The waiting thread
// of the highest real-time priority, or else the first that came, owns it when
// UnlockPI returns. It does not block.
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

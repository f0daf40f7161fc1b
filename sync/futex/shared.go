package futex

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// WaitShared is Wait on a word in memory that several processes map. Processes
// that map the same page of the same file wait on the same word, whatever its
// address. The kernel also wakes such waits when a thread ends (see Robust).
// Wake does not end a WaitShared, and WakeShared does not end a Wait.
func WaitShared(addr *atomic.Uint32, val uint32) error {
	return lookAgain(waitShared(addr, val))
}

// WaitSharedUntil is WaitUntil on a word that processes share.
func WaitSharedUntil(addr *atomic.Uint32, val uint32, deadline int64) error {
	ts := unix.NsecToTimespec(max(deadline, 0))
	return lookAgain(waitSharedUntil(addr, val, &ts))
}

// WakeShared is Wake on a word that processes share, for threads of all
// processes. It also panics when the word is not mapped.
func WakeShared(addr *atomic.Uint32, n int) (woken int) {
	if n < 1 || n > All {
		panic(fmt.Sprintf("futex: wake %d threads of all processes, want 1 to %d", n, All))
	}
	woken, errno := wakeShared(addr, n)
	if errno != 0 {
		panic(fmt.Sprintf("futex: wake threads of all processes: %v", errno))
	}
	return woken
}

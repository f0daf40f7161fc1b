package futex

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// Constants of linux/futex.h. x/sys lacks them.
const (
	opWait       = 0
	opWake       = 1
	opWaitBitset = 9
	private      = 128
	anyBit       = 0xffffffff // FUTEX_BITSET_MATCH_ANY
)

// The address of the word becomes an integer inside the call expression. Words
// are on the heap, so they do not move, and KeepAlive keeps them allocated.

func wait(addr *atomic.Uint32, val uint32) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWait|private, uintptr(val), 0, 0, 0)
	runtime.KeepAlive(addr)
	return errno
}

// waitUntil uses FUTEX_WAIT_BITSET because its deadline is absolute and on
// CLOCK_MONOTONIC. The time-out of FUTEX_WAIT is relative.
func waitUntil(addr *atomic.Uint32, val uint32, deadline *unix.Timespec) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWaitBitset|private, uintptr(val),
		uintptr(unsafe.Pointer(deadline)), 0, anyBit)
	runtime.KeepAlive(addr)
	runtime.KeepAlive(deadline)
	return errno
}

func wake(addr *atomic.Uint32, n int) (int, syscall.Errno) {
	woken, _, errno := unix.RawSyscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWake|private, uintptr(n), 0, 0, 0)
	return int(woken), errno
}

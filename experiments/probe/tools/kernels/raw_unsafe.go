package main

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The functions of the target's threads are nosplit and call the kernel
// directly. So the Go scheduler does not know of the calls, cannot interrupt
// the threads there, and adds no futex calls to those that are counted.

// Operations of futex(2) on words private to the process.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// await sleeps until word is not 0, and resets it to 0.
//
//go:nosplit
func await(word *atomic.Uint32) {
	for word.Swap(0) == 0 {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, 0, 0, 0, 0)
	}
}

// pass sets word to 1 and wakes the thread that waits for it.
//
//go:nosplit
func pass(word *atomic.Uint32) {
	word.Store(1)
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1, 0, 0, 0)
}

// transfer is read(2) or write(2) of one byte.
//
//go:nosplit
func transfer(call uintptr, fd uintptr, one *[1]byte) bool {
	n, _, errno := unix.RawSyscall(call, fd, uintptr(unsafe.Pointer(one)), 1)
	return n == 1 && errno == 0
}

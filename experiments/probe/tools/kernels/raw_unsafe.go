package main

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the target's threads do is nosplit and calls the kernel directly: so the
// Go scheduler neither knows of it nor finds a place to interrupt it, and adds no
// futex calls of its own to those that are counted.

// Operations of futex(2), on words that no other process sees.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// await sleeps until word is not 0, and makes it 0 again.
//
//go:nosplit
func await(word *atomic.Uint32) {
	for word.Swap(0) == 0 {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, 0, 0, 0, 0)
	}
}

// pass makes word 1 and wakes who waits for it.
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

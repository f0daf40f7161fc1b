package probe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// More calls of live targets that Go's scheduler learns nothing of.

// wake wakes one thread that sleeps for a permit which it is not given, and
// reports whether there was one.
//
//go:nosplit
func (w *word) wake() bool {
	n, _, _ := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.permit)), futexWake, 1, 0, 0, 0)
	return n == 1
}

// sleep sleeps until something wakes the thread, for the time at most if that is
// not 0.
//
//go:nosplit
func (w *word) sleep(ns int64) {
	limit := unix.Timespec{Sec: ns / 1e9, Nsec: ns % 1e9}
	at := uintptr(unsafe.Pointer(&limit))
	if ns == 0 {
		at = 0
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.permit)), futexWait, 0, at, 0, 0)
}

// clock is CLOCK_MONOTONIC in ns.
//
//go:nosplit
func clock() int64 {
	var now unix.Timespec
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&now)), 0)
	return now.Sec*1e9 + now.Nsec
}

// running reports whether the thread of which syscall is the open file in /proc
// is on a CPU, or on its way from or to one.
//
//go:nosplit
func running(syscall uintptr) bool {
	var text [8]byte
	_, _, _ = unix.RawSyscall6(unix.SYS_PREAD64, syscall, uintptr(unsafe.Pointer(&text)), uintptr(len(text)), 0, 0, 0)
	return text[0] == 'r'
}

// sleeps is how often this thread has gone to sleep, by the kernel's count.
//
//go:nosplit
func sleeps() int64 {
	var usage unix.Rusage
	_, _, _ = unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&usage)), 0)
	return usage.Nvcsw
}

package probe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// More system calls of live targets that Go's scheduler does not see.

// wake wakes one thread that sleeps for a permit, without giving the permit,
// and reports whether there was such a thread.
//
//go:nosplit
func (w *word) wake() bool {
	n, _, _ := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.permit)), futexWake, 1, 0, 0, 0)
	return n == 1
}

// sleep sleeps until something wakes the thread, at most for ns if that is not
// 0.
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

// signal adds 1 to an eventfd.
//
//go:nosplit
func signal(fd uintptr) {
	one := uint64(1)
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&one)), 8)
}

// clock is CLOCK_MONOTONIC in ns.
//
//go:nosplit
func clock() int64 {
	var now unix.Timespec
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&now)), 0)
	return now.Sec*1e9 + now.Nsec
}

// running reports whether a thread is on a CPU, or is about to enter or leave
// one. syscall is its open syscall file in /proc.
//
//go:nosplit
func running(syscall uintptr) bool {
	var text [8]byte
	_, _, _ = unix.RawSyscall6(unix.SYS_PREAD64, syscall, uintptr(unsafe.Pointer(&text)), uintptr(len(text)), 0, 0, 0)
	return text[0] == 'r'
}

// sleeps is how often this thread has gone to sleep, as the kernel counts it.
//
//go:nosplit
func sleeps() int64 {
	var usage unix.Rusage
	_, _, _ = unix.RawSyscall(unix.SYS_GETRUSAGE, unix.RUSAGE_THREAD, uintptr(unsafe.Pointer(&usage)), 0)
	return usage.Nvcsw
}

package probe

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of live targets go past Go's scheduler, which therefore
// neither starts another thread while one blocks nor interrupts it. The kernel
// sees these calls of these threads and almost nothing else.

// word is a permit that threads sleep for, on a cache line of its own.
type word struct {
	permit atomic.Uint32
	_      [60]byte
}

const (
	futexWait = 128 // FUTEX_WAIT | FUTEX_PRIVATE_FLAG
	futexWake = 129
)

// take waits until there is a permit and takes it.
//
//go:nosplit
func (w *word) take() {
	for !w.permit.CompareAndSwap(1, 0) {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.permit)), futexWait, 0, 0, 0, 0)
	}
}

// give makes a permit available and wakes one thread.
//
//go:nosplit
func (w *word) give() {
	w.permit.Store(1)
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&w.permit)), futexWake, 1, 0, 0, 0)
}

// transfer reads or writes one byte and reports whether it succeeded.
//
//go:nosplit
func transfer(call, fd uintptr, one *byte) bool {
	n, _, errno := unix.RawSyscall(call, fd, uintptr(unsafe.Pointer(one)), 1)
	return errno == 0 && n == 1
}

// accept blocks until there is a connection.
//
//go:nosplit
func accept(listener uintptr) uintptr {
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, listener, 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		if errno == 0 {
			return fd
		}
	}
}

// once arms fd for its next event only.
//
//go:nosplit
func once(set uintptr, operation int, fd uintptr) {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(fd)}
	_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_CTL, set, uintptr(operation), fd, uintptr(unsafe.Pointer(&event)), 0, 0)
}

// poll blocks and returns the descriptor of the next event.
//
//go:nosplit
func poll(set uintptr) uintptr {
	var event unix.EpollEvent
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, set, uintptr(unsafe.Pointer(&event)), 1, ^uintptr(0), 0, 0)
		if errno == 0 && n == 1 {
			return uintptr(event.Fd)
		}
	}
}

const epollMod = unix.EPOLL_CTL_MOD

// pollOne blocks in ppoll until the descriptor is ready.
//
//go:nosplit
func pollOne(fd uintptr) {
	at := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&at)), 1, 0, 0, 0, 0)
		if errno == 0 && n == 1 {
			return
		}
	}
}

// selectOne blocks in pselect6 until the descriptor, which must be below 64, is
// ready.
//
//go:nosplit
func selectOne(fd uintptr) {
	for {
		set := unix.FdSet{}
		set.Bits[0] = 1 << fd
		n, _, errno := unix.RawSyscall6(unix.SYS_PSELECT6, fd+1, uintptr(unsafe.Pointer(&set)), 0, 0, 0, 0)
		if errno == 0 && n == 1 {
			return
		}
	}
}

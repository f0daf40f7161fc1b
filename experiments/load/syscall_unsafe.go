package load

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// These are the system calls of the hot path. All sockets are non-blocking, so
// the calls return at once, and RawSyscall saves the scheduler's bookkeeping.
// Only an epoll wait that may sleep goes through package block.

func socket(family int) (int, unix.Errno) {
	fd, _, errno := syscall.RawSyscall(unix.SYS_SOCKET, uintptr(family),
		unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	return int(fd), errno
}

func setNoDelay(fd int) {
	one := int32(1)
	syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY,
		uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one), 0)
}

func connect(fd int, addr *unix.RawSockaddrAny, size uint32) unix.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(addr)), uintptr(size))
	return errno
}

// send writes without raising SIGPIPE.
func send(fd int, p []byte) (int, unix.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

func receive(fd int, p []byte) (int, unix.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), 0, 0, 0)
	return int(n), errno
}

// discard receives up to n bytes without copying them (tcp(7), MSG_TRUNC). It
// returns EFAULT if the kernel does not support that.
func discard(fd, n int) (int, unix.Errno) {
	got, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), unix.MSG_TRUNC, 0, 0)
	return int(got), errno
}

func closeFd(fd int) {
	syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

func epollControl(ep, op, fd int, event *unix.EpollEvent) unix.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(fd),
		uintptr(unsafe.Pointer(event)), 0, 0)
	return errno
}

// epollPoll returns pending events without waiting.
func epollPoll(ep int, events []unix.EpollEvent) (int, unix.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

// epollWait waits for at most ns nanoseconds, with that resolution. It needs
// Linux 5.11 and returns ENOSYS before that.
func epollWait(ep int, events []unix.EpollEvent, ns int64) (int, unix.Errno) {
	timeout := unix.NsecToTimespec(ns)
	n, _, errno := block.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(&timeout)), 0, 0)
	runtime.KeepAlive(events)
	runtime.KeepAlive(&timeout)
	return int(n), errno
}

// epollWaitMillis is epollWait for older kernels, in ms.
func epollWaitMillis(ep int, events []unix.EpollEvent, ms int64) (int, unix.Errno) {
	n, _, errno := block.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(ms), 0, 0)
	runtime.KeepAlive(events)
	return int(n), errno
}

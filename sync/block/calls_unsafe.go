package block

import (
	"runtime"
	"syscall"
	"unsafe"

	_ "lflab/sync/linux" // makes the build elsewhere fail with an explanation

	"golang.org/x/sys/unix"
)

// Read is read(2) of a descriptor in blocking mode. A signal ends it with EINTR.
func Read(fd int, p []byte) (int, error) {
	r, _, errno := Syscall6(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	runtime.KeepAlive(p)
	return result(r, errno)
}

// Poll is ppoll(2) with a relative timeout; nil waits for ever. The kernel may
// change *timeout. A signal ends it with EINTR.
func Poll(fds []unix.PollFd, timeout *unix.Timespec) (int, error) {
	r, _, errno := Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)),
		uintptr(unsafe.Pointer(timeout)), 0, 0, 0)
	runtime.KeepAlive(fds)
	runtime.KeepAlive(timeout)
	return result(r, errno)
}

// EpollWait is epoll_pwait(2) with a timeout in ms; -1 waits for ever. A
// signal ends it with EINTR.
func EpollWait(epfd int, events []unix.EpollEvent, timeout int) (int, error) {
	r, _, errno := Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(timeout), 0, 0)
	runtime.KeepAlive(events)
	return result(r, errno)
}

// SleepUntil is clock_nanosleep(2) until an absolute time of CLOCK_MONOTONIC, in
// ns. Signals do not end it.
func SleepUntil(ns int64) {
	until := unix.NsecToTimespec(ns)
	for {
		_, _, errno := Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&until)), 0, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}

func result(r uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

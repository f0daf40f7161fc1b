package gate

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// The kernel only reads the argument, so threads may share one.

func setLockWait(fd int, lock *unix.Flock_t) unix.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FCNTL, uintptr(fd), unix.F_OFD_SETLKW, uintptr(unsafe.Pointer(lock)), 0, 0, 0)
	runtime.KeepAlive(lock)
	return errno
}

// setLock does not block.
func setLock(fd int, lock *unix.Flock_t) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_OFD_SETLK, uintptr(unsafe.Pointer(lock)))
	runtime.KeepAlive(lock)
	return errno
}

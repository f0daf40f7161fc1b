package futex

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

const (
	opLockPI   = 6
	opUnlockPI = 7
)

func lockPI(addr *atomic.Uint32) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opLockPI|private, 0, 0, 0, 0)
	runtime.KeepAlive(addr)
	return errno
}

func unlockPI(addr *atomic.Uint32) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opUnlockPI|private, 0, 0, 0, 0)
	runtime.KeepAlive(addr)
	return errno
}

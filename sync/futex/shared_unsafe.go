package futex

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

func waitShared(addr *atomic.Uint32, val uint32) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWait, uintptr(val), 0, 0, 0)
	runtime.KeepAlive(addr)
	return errno
}

func waitSharedUntil(addr *atomic.Uint32, val uint32, deadline *unix.Timespec) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWaitBitset, uintptr(val),
		uintptr(unsafe.Pointer(deadline)), 0, anyBit)
	runtime.KeepAlive(addr)
	runtime.KeepAlive(deadline)
	return errno
}

func wakeShared(addr *atomic.Uint32, n int) (int, syscall.Errno) {
	woken, _, errno := unix.RawSyscall6(unix.SYS_FUTEX,
		uintptr(unsafe.Pointer(addr)), opWake, uintptr(n), 0, 0, 0)
	return int(woken), errno
}

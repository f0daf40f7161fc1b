package gate

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow writes where there is room.
func writeNow(fd int, p []byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	runtime.KeepAlive(p)
	return errno
}

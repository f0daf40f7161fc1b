package gate

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow calls write(2) without telling Go's scheduler. The caller knows that
// the call cannot block.
func writeNow(fd int, p []byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	runtime.KeepAlive(p)
	return errno
}

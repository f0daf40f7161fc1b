package thread

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawRead blocks in a raw read of a descriptor, which no thread should do.
func rawRead(fd int) {
	var buf [8]byte
	unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf)), uintptr(len(buf)))
}

// rawWaitUntil waits on a futex in one raw system call until the deadline, and
// reports whether it was interrupted.
func rawWaitUntil(deadline int64) (interrupted bool) {
	const waitBitsetPrivate, anyBit = 9 | 128, 0xffffffff
	word, ts := new(atomic.Uint32), unix.NsecToTimespec(deadline)
	_, _, errno := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), waitBitsetPrivate, 0,
		uintptr(unsafe.Pointer(&ts)), 0, anyBit)
	runtime.KeepAlive(word)
	return errno == unix.EINTR
}

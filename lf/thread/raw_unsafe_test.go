package thread

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawRead blocks in a raw read of a descriptor: what no thread should do.
func rawRead(fd int) {
	var buf [8]byte
	unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf)), uintptr(len(buf)))
}

// rawWaitUntil waits for a futex in raw system calls until the deadline, and
// counts how often it is interrupted.
func rawWaitUntil(deadline int64) (interrupted int64) {
	const waitBitsetPrivate, anyBit = 9 | 128, 0xffffffff
	word, ts := new(atomic.Uint32), unix.NsecToTimespec(deadline)
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), waitBitsetPrivate, 0,
			uintptr(unsafe.Pointer(&ts)), 0, anyBit)
		if errno != unix.EINTR {
			runtime.KeepAlive(word)
			return interrupted
		}
		interrupted++
	}
}

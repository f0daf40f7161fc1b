package futex

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

const size32 = 2 // FUTEX_32

// The kernel reads the address of a word from 8 bytes. A pointer must fill
// them, so that the order of the bytes does not matter.
var _ = [1]struct{}{}[unsafe.Sizeof(Waiter{})-24+unsafe.Offsetof(Waiter{}.addr)-8]

// waitv returns 0 where the kernel returns the index of a word.
func waitv(words []Waiter, deadline *unix.Timespec) syscall.Errno {
	_, _, errno := block.Syscall6(unix.SYS_FUTEX_WAITV,
		uintptr(unsafe.Pointer(unsafe.SliceData(words))), uintptr(len(words)), 0,
		uintptr(unsafe.Pointer(deadline)), unix.CLOCK_MONOTONIC, 0)
	runtime.KeepAlive(words) // this also keeps the words that it points to
	runtime.KeepAlive(deadline)
	return errno
}

//go:build !stdsyscall

package block

import (
	"syscall"
	_ "unsafe" // for linkname
)

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// Syscall6 makes a system call that is expected to block. The calling
// goroutine's P is free for others from the first instruction on, and a stop
// of the world does not wait for the call.
//
// It costs about 100 ns more than syscall.Syscall6 when the call does not
// block after all: try without blocking first where that is likely.
//
// An argument that is a pointer must be converted to uintptr in the call
// itself, and kept alive by runtime.KeepAlive after it. It may point into the
// caller's stack: no stack grows between the conversion and the kernel, and
// none moves while its goroutine is in a system call.
//
//go:nosplit
func Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno) {
	r1, r2, err = enter(trap, a1, a2, a3, a4, a5, a6)
	if !stirred.Load() {
		stir()
	}
	return r1, r2, err
}

//go:nosplit
func enter(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno) {
	// Between the two calls the goroutine counts as being in the kernel: its
	// stack must not grow. RawSyscall6 is nosplit, too.
	entersyscallblock()
	r1, r2, err = syscall.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
	exitsyscall()
	return r1, r2, err
}

// Direct tells whether Ps are given up before the call.
const Direct = true

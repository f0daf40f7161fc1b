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

// Syscall6 makes a system call that is expected to block. The calling goroutine
// gives up its P before the call, and a stop of the world does not wait for the
// call.
//
// It costs about 0.1 µs more than syscall.Syscall6 if the call does not block.
// Where that is likely, try a call that cannot block first.
//
// Convert a pointer argument to uintptr in the call expression, and call
// runtime.KeepAlive after it. The pointer may point into the caller's stack,
// because no stack grows between the conversion and the kernel, and none moves
// while its goroutine is in a system call.
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
	// Between the two calls the scheduler takes the goroutine to be in the
	// kernel, so its stack must not grow. RawSyscall6 is nosplit, too.
	entersyscallblock()
	r1, r2, err = syscall.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
	exitsyscall()
	return r1, r2, err
}

// Direct tells whether Syscall6 gives up the P before the call.
const Direct = true

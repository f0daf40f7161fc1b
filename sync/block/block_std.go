//go:build stdsyscall

package block

import "syscall"

// Syscall6 is syscall.Syscall6.
//
//go:nosplit
func Syscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno) {
	return syscall.Syscall6(trap, a1, a2, a3, a4, a5, a6)
}

// Direct tells whether Syscall6 gives up the P before the call.
const Direct = false

// enter is not used: there is no anchor.
func enter(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno) {
	return syscall.Syscall6(trap, a1, a2, a3, a4, a5, a6)
}

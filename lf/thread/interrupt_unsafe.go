package thread

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// On 64-bit machines other than MIPS, the kernel's struct sigaction begins with
// the handler and then the flags. The rest differs; doNotRestart writes it back
// unchanged.
const (
	actionFlags = 1
	actionWords = 8
	restart     = 0x10000000 // SA_RESTART
)

// doNotRestart clears SA_RESTART in the action of a signal and keeps the rest
// of the action.
func doNotRestart(sig syscall.Signal) syscall.Errno {
	var action [actionWords]uint64
	const mask = 8 // size of a signal set in bytes
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&action)), mask, 0, 0)
	if errno != 0 {
		return errno
	}
	action[actionFlags] &^= restart
	_, _, errno = syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, mask, 0, 0)
	runtime.KeepAlive(&action)
	return errno
}

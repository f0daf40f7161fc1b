package thread

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel's struct sigaction of 64-bit machines but MIPS begins with the
// handler, then the flags. What follows differs, and is given back as it was.
const (
	actionFlags = 1
	actionWords = 8
	restart     = 0x10000000 // SA_RESTART
)

// doNotRestart takes SA_RESTART from the action of a signal, and leaves the
// rest of it as it is.
func doNotRestart(sig syscall.Signal) syscall.Errno {
	var action [actionWords]uint64
	const mask = 8 // bytes of a set of signals
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&action)), mask, 0, 0)
	if errno != 0 {
		return errno
	}
	action[actionFlags] &^= restart
	_, _, errno = syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, mask, 0, 0)
	runtime.KeepAlive(&action)
	return errno
}

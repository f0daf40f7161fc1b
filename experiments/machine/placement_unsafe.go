package machine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// currentCPU returns the CPU that the calling thread ran on during the call.
func currentCPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}

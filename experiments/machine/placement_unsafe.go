package machine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// currentCPU is where the calling thread runs; it may have moved since.
func currentCPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}

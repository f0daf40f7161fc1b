package thread

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setName names the calling thread. The kernel uses the first 15 bytes.
func setName(name string) error {
	var comm [16]byte
	copy(comm[:15], name)
	_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

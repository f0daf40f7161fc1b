package control

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// childSubreaper is PR_GET_CHILD_SUBREAPER of prctl(2).
func childSubreaper(reaper *int32) bool {
	return unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(reaper)), 0, 0, 0) == nil
}

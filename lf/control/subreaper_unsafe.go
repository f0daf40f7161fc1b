package control

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// childSubreaper reads PR_GET_CHILD_SUBREAPER of prctl(2) into reaper. It
// reports whether that succeeded.
func childSubreaper(reaper *int32) bool {
	return unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(reaper)), 0, 0, 0) == nil
}

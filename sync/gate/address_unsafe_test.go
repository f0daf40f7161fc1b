package gate

import (
	"sync/atomic"
	"unsafe"
)

// address returns the address of a futex word in the form of a system call's
// argument.
func address(word *atomic.Uint32) uintptr { return uintptr(unsafe.Pointer(word)) }

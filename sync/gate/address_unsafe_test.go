package gate

import (
	"sync/atomic"
	"unsafe"
)

// address is that of a futex word, as a system call shows it.
func address(word *atomic.Uint32) uintptr { return uintptr(unsafe.Pointer(word)) }

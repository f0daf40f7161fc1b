package futex

import (
	"sync/atomic"
	"unsafe"
)

// address returns the address of a word in the form of a system call's
// argument.
func address(word *atomic.Uint32) uintptr { return uintptr(unsafe.Pointer(word)) }

// wordIn returns the word at an offset in mapped memory.
func wordIn(mem []byte, at int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&mem[at])) }

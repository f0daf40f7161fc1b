package futex

import (
	"sync/atomic"
	"unsafe"
)

// address is that of a word, as a system call shows it.
func address(word *atomic.Uint32) uintptr { return uintptr(unsafe.Pointer(word)) }

// wordIn is a word in mapped memory.
func wordIn(mem []byte, at int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&mem[at])) }

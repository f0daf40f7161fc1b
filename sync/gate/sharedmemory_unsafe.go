package gate

import (
	"sync/atomic"
	"unsafe"
)

// wordIn is the word at the beginning of mem, which is mapped and stays so.
func wordIn(mem []byte) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(mem)))
}

package gate

import (
	"sync/atomic"
	"unsafe"
)

// wordIn returns the word at the beginning of mem, which must stay mapped.
func wordIn(mem []byte) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(mem)))
}

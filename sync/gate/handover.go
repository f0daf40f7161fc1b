package gate

import (
	"sync/atomic"

	"lflab/cas"
)

// handover says in the words of Go's memory model what a lock in the kernel
// does anyway: what the holder before wrote is visible to the next. A kernel
// that lets two threads through one after the other orders their memory, but
// the race detector does not see it. It costs one locked instruction, a
// hundredth of the system call beside it.
type handover struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

// out comes first in Release.
func (h *handover) out() { h.word.Store(0) }

// in comes last in Acquire.
func (h *handover) in() { h.word.Load() }

package gate

import (
	"sync/atomic"

	"lflab/cas"
)

// handover tells the race detector that what one holder wrote is visible to the
// next. A lock in the kernel guarantees that already, but the race detector
// does not see it. It costs one locked instruction, a hundredth of the system
// call beside it.
type handover struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

// out is the first act of Release.
func (h *handover) out() { h.word.Store(0) }

// in is the last act of Acquire.
func (h *handover) in() { h.word.Load() }

package gate

import (
	"sync/atomic"

	"lflab/cas"
)

var tasKind = Kind{
	Name:   "tas",
	Doc:    "test-and-set: all threads spin on one word and the quickest one gets it: the shortest possible gap, and the least fair",
	Kernel: "2.6",
	New:    func(int) (Gate, error) { return new(tas), nil },
}

// tas is a spin lock. Waiting threads only read the word until it is free, so
// its cache line stays shared among them, and then try to take it.
type tas struct {
	_    [cas.CacheLine]byte
	held atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

func (t *tas) Acquire(int) {
	for !t.held.CompareAndSwap(0, 1) {
		for t.held.Load() != 0 {
			cas.Pause()
		}
	}
}

func (t *tas) Release(int) { t.held.Store(0) }

func (t *tas) Close() error { return nil }

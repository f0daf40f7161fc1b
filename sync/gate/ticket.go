package gate

import (
	"sync/atomic"

	"lflab/cas"
)

var ticketKind = Kind{
	Name:   "ticket",
	Doc:    "ticket lock: everybody spins on one word until it shows their number; the price of first come, first served, and its collapse when the next one has no CPU",
	Kernel: "2.6",
	New:    func(int) (Gate, error) { return new(ticket), nil },
}

// ticket is a spin lock that is strictly first come, first served: it waits
// for the next thread even when that one is not running. A release writes the
// line that all who wait read.
//
// Numbers wrap around; no more threads than 2^32 can wait.
type ticket struct {
	_       [cas.CacheLine]byte
	next    atomic.Uint32 // the number that the next thread to come draws
	_       [cas.CacheLine - 4]byte
	serving atomic.Uint32 // the number whose holder holds the gate, or may take it
	_       [cas.CacheLine - 4]byte
}

func (t *ticket) Acquire(int) {
	for mine := t.next.Add(1) - 1; t.serving.Load() != mine; {
		cas.Pause()
	}
}

func (t *ticket) Release(int) { t.serving.Add(1) }

func (t *ticket) Close() error { return nil }

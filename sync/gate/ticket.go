package gate

import (
	"sync/atomic"

	"lflab/cas"
)

var ticketKind = Kind{
	Name:   "ticket",
	Doc:    "ticket lock: all threads spin on one word until it shows their number; first come, first served, so all wait while the next thread has no CPU",
	Kernel: "2.6",
	New:    func(int) (Gate, error) { return new(ticket), nil },
}

// ticket is a spin lock that is strictly first come, first served. It waits for
// the next thread even when that thread is not running. A release writes the
// cache line that all waiting threads read.
//
// Numbers wrap around. At most 2^32 threads can wait.
type ticket struct {
	_       [cas.CacheLine]byte
	next    atomic.Uint32 // the number that the next thread takes
	_       [cas.CacheLine - 4]byte
	serving atomic.Uint32 // the thread with this number holds the gate, or may take it
	_       [cas.CacheLine - 4]byte
}

func (t *ticket) Acquire(int) {
	for mine := t.next.Add(1) - 1; t.serving.Load() != mine; {
		cas.Pause()
	}
}

func (t *ticket) Release(int) { t.serving.Add(1) }

func (t *ticket) Close() error { return nil }

package gate

import (
	"sync/atomic"

	"lflab/cas"
)

var mcsKind = Kind{
	Name:   "mcs",
	Doc:    "queue lock of Mellor-Crummey and Scott: each thread spins on a word of its own; first come, first served at the cost of one cache line per hand-over, however many wait",
	Kernel: "2.6",
	New: func(threads int) (Gate, error) {
		return &mcs{places: make([]place, threads)}, nil
	},
}

// mcs is a spin lock whose waiting threads stand in a linked queue.
//
//	Acquire   tail: last -> me; then last.next = me, and spin until me.waits is cleared
//	Release   me.next.waits = false; with no next, tail: me -> nil
//
// Between a newcomer's two steps the queue has a hole: the tail says that there
// is a next one, and next does not. Release waits it out. That is two
// instructions of the newcomer's, or a time slice if it loses its CPU there.
type mcs struct {
	_      [cas.CacheLine]byte
	tail   atomic.Pointer[place] // the last in the queue, nil when the gate is free
	_      [cas.CacheLine - 8]byte
	places []place // thread id's is places[id]
}

// place is a thread's place in the queue. Only it waits for waits; the thread
// behind it sets next.
type place struct {
	_     [cas.CacheLine]byte
	next  atomic.Pointer[place]
	waits atomic.Bool
	_     [cas.CacheLine - 16]byte
}

func (m *mcs) Acquire(id int) {
	me := &m.places[id]
	me.next.Store(nil)
	me.waits.Store(true)
	last := m.tail.Swap(me)
	if last == nil {
		return
	}
	last.next.Store(me)
	for me.waits.Load() {
		cas.Pause()
	}
}

func (m *mcs) Release(id int) {
	me := &m.places[id]
	next := me.next.Load()
	if next == nil {
		if m.tail.CompareAndSwap(me, nil) {
			return
		}
		for next = me.next.Load(); next == nil; next = me.next.Load() {
			cas.Pause()
		}
	}
	next.waits.Store(false)
}

func (m *mcs) Close() error { return nil }

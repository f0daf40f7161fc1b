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

// mcs is a spin lock. Its waiting threads form a linked queue.
//
//	Acquire   tail: last -> me; then last.next = me, and spin until me.waits is cleared
//	Release   me.next.waits = false; with no next, tail: me -> nil
//
// Between the two steps of Acquire, tail says that there is a next thread but
// next is still nil. Release spins until next is set. That takes two
// instructions of the new thread, or a time slice if it loses its CPU there.
type mcs struct {
	_      [cas.CacheLine]byte
	tail   atomic.Pointer[place] // the last place in the queue, nil when the gate is free
	_      [cas.CacheLine - 8]byte
	places []place // places[id] belongs to thread id
}

// place is a thread's place in the queue. Only its thread reads waits. The
// thread behind it sets next.
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

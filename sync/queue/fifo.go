package queue

import (
	"runtime"
	"sync/atomic"

	"lflab/cas"
)

// fifo is the queue of idle workers together with the flag "the listener waits
// for a worker". It has the methods of cas.Idle, which is a stack.
//
//	bits   field    meaning
//	0      waiting  the next push must wake the listener
//	1      closed   pushes are refused
//	2-63   tail     number of pushes
//
// A worker claims the place at the tail and then writes its number plus 1
// there; 0 is an empty place. There are as many places as workers, and each
// worker is in at most one, so the claimed place is empty.
//
//	worker                        listener
//	claims a place                finds the place at the head empty
//	writes its number             sets waiting
//	if waiting: wakes             if the place is still empty: sleeps
//
// So either the worker sees that the listener waits, or the listener sees the
// worker.
type fifo struct {
	_      [cas.CacheLine]byte
	word   atomic.Uint64
	_      [cas.CacheLine - 8]byte
	places []place
	head   uint64 // number of pops; used by the listener only
}

type place struct {
	_      [cas.CacheLine - 4]byte
	worker atomic.Uint32
}

const (
	fifoWaiting uint64 = 1 << iota
	fifoClosed
	fifoPush // one push
)

func newFIFO(workers int) *fifo { return &fifo{places: make([]place, workers)} }

// Push makes worker i available. Lock-free.
func (f *fifo) Push(i uint16) cas.PushResult {
	w := f.word.Load()
	for w&fifoClosed == 0 {
		if !f.word.CompareAndSwap(w, w+fifoPush) {
			w = f.word.Load()
			continue
		}
		f.at(w / fifoPush).Store(uint32(i) + 1)
		if f.clear(fifoWaiting) {
			return cas.PushedFirst
		}
		return cas.Pushed
	}
	return cas.PushClosed
}

func (f *fifo) at(n uint64) *atomic.Uint32 { return &f.places[n%uint64(len(f.places))].worker }

// clear clears a bit of the word and reports whether it was set.
func (f *fifo) clear(bit uint64) bool {
	for w := f.word.Load(); w&bit != 0; w = f.word.Load() {
		if f.word.CompareAndSwap(w, w&^bit) {
			return true
		}
	}
	return false
}

// Pop takes the worker that has been idle longest. If there is none and wait is
// set, the next Push returns PushedFirst. Only the listener may call it.
func (f *fifo) Pop(wait bool) (i uint16, ok bool) {
	at := f.at(f.head)
	for {
		if v := at.Load(); v != 0 {
			f.clear(fifoWaiting) // drop a request to be woken, because there is a worker
			at.Store(0)
			f.head++
			return uint16(v - 1), true
		}
		w := f.word.Load()
		switch {
		case w&fifoClosed != 0 && w/fifoPush != f.head:
			runtime.Gosched() // until the worker that claimed the place has written its number
		case !wait || w&fifoWaiting != 0:
			return 0, false
		default:
			f.word.CompareAndSwap(w, w|fifoWaiting)
			if at.Load() == 0 && f.word.Load()&fifoWaiting != 0 {
				return 0, false
			}
		}
	}
}

// Watch makes the next push return PushedFirst even if the queue is not empty.
// Only the listener may call it.
func (f *fifo) Watch() { f.word.Or(fifoWaiting) }

// Len counts the workers in the queue. Only the listener may call it.
func (f *fifo) Len() int { return int(f.word.Load()/fifoPush - f.head) }

// Close makes later pushes fail. Workers that are in the queue stay there for
// Pop.
func (f *fifo) Close() { f.word.Or(fifoClosed) }

package queue

import (
	"runtime"
	"sync/atomic"

	"lflab/cas"
)

// fifo is the queue of idle workers, together with "the listener waits for
// one", as cas.Idle is for a stack.
//
//	bits   field    meaning
//	0      waiting  the listener is to be told of the next push
//	1      closed   nobody pushes any more
//	2-63   tail     how many have pushed
//
// A worker claims the place at the tail and then writes its number there, 1
// more than it is; 0 is an empty place. There are as many places as workers,
// and a worker is in one of them at most, so the place that it claims has been
// emptied.
//
//	worker                        listener
//	claims a place                finds the place at the head empty
//	writes its number             sets waiting
//	if waiting: wakes             if the place is still empty: sleeps
//
// Either the worker sees that the listener waits, or that one sees the worker.
type fifo struct {
	_      [cas.CacheLine]byte
	word   atomic.Uint64
	_      [cas.CacheLine - 8]byte
	places []place
	head   uint64 // how many have been popped; the listener's
}

type place struct {
	_      [cas.CacheLine - 4]byte
	worker atomic.Uint32
}

const (
	fifoWaiting uint64 = 1 << iota
	fifoClosed
	fifoPush // one more
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

// clear takes a bit out of the word and reports whether it was there.
func (f *fifo) clear(bit uint64) bool {
	for w := f.word.Load(); w&bit != 0; w = f.word.Load() {
		if f.word.CompareAndSwap(w, w&^bit) {
			return true
		}
	}
	return false
}

// Pop takes the worker that has been idle longest. When there is none and wait
// is set, the next Push will report it. The listener's alone.
func (f *fifo) Pop(wait bool) (i uint16, ok bool) {
	at := f.at(f.head)
	for {
		if v := at.Load(); v != 0 {
			f.clear(fifoWaiting) // it may have been set by then, or cleared for a wake-up that nobody needs
			at.Store(0)
			f.head++
			return uint16(v - 1), true
		}
		w := f.word.Load()
		switch {
		case w&fifoClosed != 0 && w/fifoPush != f.head:
			runtime.Gosched() // until the worker that has claimed the place has written its number
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

// Watch has the next push reported, though the queue need not be empty. The
// listener's alone.
func (f *fifo) Watch() { f.word.Or(fifoWaiting) }

// Len is how many workers are in the queue. The listener's alone.
func (f *fifo) Len() int { return int(f.word.Load()/fifoPush - f.head) }

// Close refuses pushes from now on. Workers that are in the queue stay there
// for Pop to find.
func (f *fifo) Close() { f.word.Or(fifoClosed) }

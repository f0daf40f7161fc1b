package cas

import (
	"fmt"
	"sync/atomic"
)

// Ring is a bounded queue for many producers and many consumers (Vyukov's array
// queue). It neither blocks nor allocates. Each cell carries a sequence number
// that says who may use it next:
//
//	seq == pos              empty, the producer at pos may fill it
//	seq == pos+1            full, the consumer at pos may empty it
//	seq == pos+capacity     empty again, for the next lap
//
// The producer writes the element before it stores seq. The consumer takes the
// element before it stores seq for the next lap. So an element passes between
// threads with the happens-before of these two accesses.
type Ring[T any] struct {
	_     [CacheLine]byte
	tail  atomic.Uint64 // next position to fill
	_     [CacheLine - 8]byte
	head  atomic.Uint64 // next position to empty
	_     [CacheLine - 8]byte
	mask  uint64
	cells []cell[T]
}

type cell[T any] struct {
	seq  atomic.Uint64
	elem T
}

// NewRing makes a ring. The capacity must be a power of two, at least 2.
func NewRing[T any](capacity int) *Ring[T] { return newRingAt[T](capacity, 0) }

// newRingAt starts the positions at any number, so that a test can begin next
// to the wrap-around.
func newRingAt[T any](capacity int, start uint64) *Ring[T] {
	if capacity < 2 || capacity&(capacity-1) != 0 {
		panic(fmt.Sprintf("cas: ring of capacity %d (want a power of two, at least 2)", capacity))
	}
	r := &Ring[T]{mask: uint64(capacity - 1), cells: make([]cell[T], capacity)}
	for i := range uint64(capacity) {
		pos := start + i
		r.cells[pos&r.mask].seq.Store(pos)
	}
	r.tail.Store(start)
	r.head.Store(start)
	return r
}

// Push appends v and reports whether there was room. Lock-free.
func (r *Ring[T]) Push(v T) bool {
	for {
		pos := r.tail.Load()
		c := &r.cells[pos&r.mask]
		switch seq := c.seq.Load(); {
		case seq == pos:
			if r.tail.CompareAndSwap(pos, pos+1) {
				c.elem = v
				c.seq.Store(pos + 1)
				return true
			}
		case int64(seq-pos) < 0:
			return false // the cell still holds the element of the previous lap
		}
	}
}

// Pop takes the oldest element and reports whether there was one. Lock-free.
func (r *Ring[T]) Pop() (v T, ok bool) {
	for {
		pos := r.head.Load()
		c := &r.cells[pos&r.mask]
		switch seq := c.seq.Load(); {
		case seq == pos+1:
			if r.head.CompareAndSwap(pos, pos+1) {
				v = c.elem
				var zero T
				c.elem = zero
				c.seq.Store(pos + r.mask + 1)
				return v, true
			}
		case int64(seq-(pos+1)) < 0:
			return v, false
		}
	}
}

// Empty reports whether Pop would find nothing at this moment.
func (r *Ring[T]) Empty() bool {
	pos := r.head.Load()
	return r.cells[pos&r.mask].seq.Load() != pos+1
}

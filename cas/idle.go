package cas

import "sync/atomic"

// Idle is the stack of idle workers. The flag "the producer waits for a worker"
// is part of the same word, so a worker that becomes idle cannot miss a
// producer that has just found the stack empty.
//
//	bits   field    meaning
//	0-15   head     the worker on top of the stack, or End
//	16     waiting  the next push must wake the producer
//	17     closed   pushes are refused
//	32-63  tag      number of pushes and pops, modulo 2^32
//
// Any worker pushes itself; one producer pops. The producer sets waiting when
// it finds no worker, or too few. Each push and each pop clears waiting.
type Idle struct {
	_    [CacheLine]byte
	word atomic.Uint64
	_    [CacheLine - 8]byte
	next []paddedIndex
}

type paddedIndex struct {
	_ [CacheLine - 4]byte
	v atomic.Uint32
}

const (
	idleWaiting uint64 = 1 << 16
	idleClosed  uint64 = 1 << 17
)

// NewIdle makes an empty stack for workers 0 to n-1.
func NewIdle(n int) *Idle {
	s := &Idle{next: make([]paddedIndex, n)}
	s.word.Store(uint64(End))
	return s
}

func retagged(w uint64, head uint16) uint64 {
	return (w>>32+1)<<32 | w&idleClosed | uint64(head)
}

// PushResult is the outcome of a push.
type PushResult uint8

const (
	Pushed      PushResult = iota
	PushedFirst            // the producer was waiting: wake it
	PushClosed             // the stack is closed; nothing was pushed
)

// Push makes worker i available. Lock-free.
func (s *Idle) Push(i uint16) PushResult {
	for {
		w := s.word.Load()
		if w&idleClosed != 0 {
			return PushClosed
		}
		s.next[i].v.Store(uint32(uint16(w)))
		if s.word.CompareAndSwap(w, retagged(w, i)) {
			if w&idleWaiting != 0 {
				return PushedFirst
			}
			return Pushed
		}
	}
}

// Pop takes the worker that was pushed last. If there is none and wait is set,
// the next Push returns PushedFirst. Lock-free. Only the producer may call it.
func (s *Idle) Pop(wait bool) (i uint16, ok bool) {
	for {
		w := s.word.Load()
		head := uint16(w)
		if head == End {
			if !wait || w&idleWaiting != 0 || s.word.CompareAndSwap(w, w|idleWaiting) {
				return 0, false
			}
			continue
		}
		next := uint16(s.next[head].v.Load())
		if s.word.CompareAndSwap(w, retagged(w, next)) {
			return head, true
		}
	}
}

// Watch makes the next push return PushedFirst even if the stack is not empty.
// A push that the producer has not seen may have come before. Only the producer
// may call it.
func (s *Idle) Watch() {
	for {
		w := s.word.Load()
		if w&(idleWaiting|idleClosed) != 0 || s.word.CompareAndSwap(w, w|idleWaiting) {
			return
		}
	}
}

// Len counts the workers on the stack. Others may be pushed meanwhile. Only the
// producer may call it, because it walks the links and only the producer
// removes workers.
func (s *Idle) Len() (n int) {
	for i := uint16(s.word.Load()); i != End; i = uint16(s.next[i].v.Load()) {
		n++
	}
	return n
}

// Close makes later pushes fail. Workers that are on the stack stay there for
// Pop.
func (s *Idle) Close() {
	for {
		w := s.word.Load()
		if s.word.CompareAndSwap(w, w|idleClosed) {
			return
		}
	}
}

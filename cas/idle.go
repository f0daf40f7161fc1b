package cas

import "sync/atomic"

// Idle is the stack of idle workers together with "the producer waits for
// one", in one word, so that a worker that comes home cannot miss a producer
// that has just found nobody.
//
//	bits   field    meaning
//	0-15   head     the worker on top of the stack, or End
//	16     waiting  the producer is to be told of the next push
//	17     closed   nobody pushes any more
//	32-63  tag      number of pushes and pops, modulo 2^32
//
// Any worker pushes itself; one producer pops. It sets waiting when it finds
// nobody, or not enough; each push and each pop clears it.
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

// PushResult is what a push found.
type PushResult uint8

const (
	Pushed      PushResult = iota
	PushedFirst            // the producer was waiting: wake it
	PushClosed             // nobody takes workers any more; nothing was pushed
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

// Pop takes the worker that came home last. When there is none and wait is
// set, the next Push will report it. Lock-free; the producer's alone.
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

// Watch has the next push reported as the one that the producer waits for,
// though the stack need not be empty. The producer's alone; a push that it has
// not seen may have come before.
func (s *Idle) Watch() {
	for {
		w := s.word.Load()
		if w&(idleWaiting|idleClosed) != 0 || s.word.CompareAndSwap(w, w|idleWaiting) {
			return
		}
	}
}

// Len is how many workers are on the stack, at least: more may come meanwhile.
// It walks along them, which only the producer can do, for nobody else takes
// one away.
func (s *Idle) Len() (n int) {
	for i := uint16(s.word.Load()); i != End; i = uint16(s.next[i].v.Load()) {
		n++
	}
	return n
}

// Close refuses pushes from now on. Workers that are on the stack stay there
// for Pop to find.
func (s *Idle) Close() {
	for {
		w := s.word.Load()
		if s.word.CompareAndSwap(w, w|idleClosed) {
			return
		}
	}
}

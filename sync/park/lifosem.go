package park

import (
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var lifosemKind = Kind{
	Name:   "lifosem",
	Doc:    "a semaphore whose word holds its value or its last waiter; each waiter sleeps on a futex word of its own. Exact wake-ups, last come first served; with one owner it shows what that costs beside a futex",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		sem, err := newLifoSem(1, 1)
		if err != nil {
			return nil, err
		}
		return &lifosemParker{sem: sem}, nil
	},
}

// LifoSem is a counting semaphore that grants to the thread that came last,
// because its stack is still in the CPU's cache. A post hands the unit to one
// waiter, wakes only that one, and no other thread can take the unit before the
// waiter runs.
//
// One word holds the value or the list of waiters. It never needs both:
//
//	bits   field    meaning
//	0-31   number   the value; with list set, 1 + the waiter that came last
//	32     list     there are waiters, and the value is 0
//	33-63  tag      changes of the list, modulo 2^31
//
// The tag makes the CAS of an outdated post fail: one that read the last waiter
// and its predecessor, was overtaken, and finds the same waiter last again,
// with a predecessor that may have left. Each waiter is a node with a link and
// a baton. The baton says which side may change the node:
//
//	baton    meaning
//	out      not in the list
//	joined   in the list; the waiter is awake
//	waiting  in the list; the waiter sleeps, or is about to
//	given    taken from the list, with a unit for the waiter
//	gone     in the list, but the waiter has given up at its deadline
//
//	out     -> joined   waiter  before it links its node
//	joined  -> waiting  waiter  before it blocks
//	joined  -> given    poster  that unlinked it
//	waiting -> given    poster  that unlinked it: wake the waiter
//	waiting -> gone     waiter  deadline
//	gone    -> joined   waiter  waits again: its node is still linked
//	gone    -> out      poster  that unlinked it; it then tries the next waiter
//	joined  -> out      waiter  that took a unit from the value before it was linked
//	given   -> out      waiter  the unit is its own
//
// So a waiter whose deadline passes leaves its node in the list, and a later
// post removes it. No thread ever searches the list. If the waiter waits again
// before that, it keeps its old place.
type LifoSem struct {
	_     [cas.CacheLine]byte
	word  atomic.Uint64
	_     [cas.CacheLine - 8]byte
	limit uint32
	nodes []lifoNode
}

type lifoNode struct {
	baton atomic.Uint32
	next  atomic.Uint32 // 1 + the number of the previous waiter; 0 for none
	_     [cas.CacheLine - 8]byte
}

const (
	lifoList   uint64 = 1 << 32
	lifoTag    uint64 = 1 << 33
	lifoNumber uint64 = 1<<32 - 1
)

const (
	batonOut uint32 = iota
	batonJoined
	batonWaiting
	batonGiven
	batonGone
)

// newLifoSem makes a semaphore of value 0 for waiters 0 to waiters-1. Units
// beyond a value of limit are dropped.
func newLifoSem(waiters int, limit uint32) (*LifoSem, error) {
	if waiters < 1 || waiters > 1<<16 || limit < 1 {
		return nil, fmt.Errorf("semaphore for %d waiters with a limit of %d (want 1 to %d, and a limit of 1 or more)", waiters, limit, 1<<16)
	}
	return &LifoSem{limit: limit, nodes: make([]lifoNode, waiters)}, nil
}

// Post adds one unit, or hands it to the waiter that came last. It reports
// whether it had to wake that waiter. It does not block. The Wait that gets the
// unit sees what was written before Post.
func (s *LifoSem) Post() (woke bool) {
	baton := s.post()
	if baton == nil {
		return false
	}
	futex.Wake(baton, 1)
	return true
}

// post is Post without the wake-up. The caller must wake the word that it
// returns, if that is not nil.
func (s *LifoSem) post() (sleeper *atomic.Uint32) {
	for {
		w := s.word.Load()
		number := uint32(w)
		if w&lifoList == 0 {
			// A dropped unit is also written, so that what was written before
			// Post becomes visible.
			if s.word.CompareAndSwap(w, w&^lifoNumber|uint64(min(number, s.limit-1)+1)) {
				return nil
			}
			continue
		}
		n := &s.nodes[number-1]
		if !s.word.CompareAndSwap(w, relinked(w, n.next.Load())) {
			continue
		}
		switch n.give() {
		case batonWaiting:
			return &n.baton
		case batonJoined:
			return nil
		}
	}
}

// relinked returns w with another waiter at the head of the list; 0 for an
// empty list.
func relinked(w uint64, head uint32) uint64 {
	tag := (w + lifoTag) &^ (lifoTag - 1)
	if head == 0 {
		return tag
	}
	return tag | lifoList | uint64(head)
}

// give sets the baton of a waiter that was just unlinked, and returns its
// previous value. A waiter that is gone gets no unit.
func (n *lifoNode) give() (was uint32) {
	for {
		was, to := n.baton.Load(), batonGiven
		if was == batonGone {
			to = batonOut
		}
		if n.baton.CompareAndSwap(was, to) {
			return was
		}
	}
}

// Wait blocks waiter id until it gets a unit. No two threads may use the same
// id at once.
func (s *LifoSem) Wait(id int) { s.wait(id, noDeadline) }

// WaitUntil is Wait with an absolute deadline, in nanoseconds of
// CLOCK_MONOTONIC. It reports whether the waiter got a unit.
func (s *LifoSem) WaitUntil(id int, deadline int64) bool { return s.wait(id, deadline) }

func (s *LifoSem) wait(id int, deadline int64) bool {
	n := &s.nodes[id]
	// If the baton is gone, the node is still in the list, or a post has just
	// unlinked it and will read the baton that is set here.
	if !n.baton.CompareAndSwap(batonGone, batonJoined) && s.enter(n, id) {
		return true
	}
	if n.baton.CompareAndSwap(batonJoined, batonWaiting) {
		for n.baton.Load() == batonWaiting {
			err := sleep(&n.baton, batonWaiting, deadline)
			switch {
			case err == nil:
			case err != futex.ErrDeadline:
				panic("park: " + err.Error())
			case n.baton.CompareAndSwap(batonWaiting, batonGone):
				return false
			}
		}
	}
	n.baton.Store(batonOut) // was given: the node belongs to this thread again
	return true
}

// enter takes a unit if there is one and returns true. Otherwise it links the
// node and returns false.
func (s *LifoSem) enter(n *lifoNode, id int) (taken bool) {
	n.baton.Store(batonJoined)
	for {
		w := s.word.Load()
		if w&lifoList == 0 && w&lifoNumber != 0 {
			if s.word.CompareAndSwap(w, w-1) {
				n.baton.Store(batonOut)
				return true
			}
			continue
		}
		n.next.Store(uint32(w)) // 0 if there is no list, because then the value is 0
		if s.word.CompareAndSwap(w, relinked(w, uint32(id)+1)) {
			return false
		}
	}
}

// lifosemParker is a LifoSem with one waiter.
type lifosemParker struct{ sem *LifoSem }

func (p *lifosemParker) Park()                         { p.sem.Wait(0) }
func (p *lifosemParker) ParkUntil(deadline int64) bool { return p.sem.WaitUntil(0, deadline) }
func (p *lifosemParker) Unpark() (woke bool)           { return p.sem.Post() }
func (p *lifosemParker) Close() error                  { return nil }

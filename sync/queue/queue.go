// Package queue is the hand-off queue between one listener and its workers. Its
// strong form is what a server should have: the listener reserves an idle
// worker before it accepts, so no connection is taken that nobody can serve;
// each item goes to the worker that was reserved, with one exact wake-up;
// workers are taken last in, first out, for their caches are warm; nothing is
// allocated.
//
// The other forms leave something of that out, so that it can be told what each
// part is worth; they are Apache's, old and new, and above all the one that textbooks compare the Leader/Followers
// pattern with (a locked list, a condition variable, a node allocated for each
// item). A win against that alone would prove nothing.
//
// From both sides:
//
//	listener                          worker
//	for accepting {                   for {
//		q.Reserve()                       item, _, ok := q.Take(me)
//		item := accept()                  if !ok { return }
//		q.Put(item)                       serve(item)
//		q.Wake()                      }
//	}
//	q.Close()
//
// The package knows no sockets: an item is anything.
package queue

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"lflab/cas"
	"lflab/sync/park"
)

// Queue is a Handoff that reserves workers.
type Queue[T any] struct {
	idle     order
	slots    []slot[T]
	producer park.Parker
	reserved int           // worker, or none
	budget   time.Duration // that an idle worker spins for before it sleeps
	wakes    atomic.Uint64
	waits    atomic.Uint64
}

// order is the idle workers, in the order in which they are taken. The methods
// are as those of cas.Idle.
type order interface {
	Push(worker uint16) cas.PushResult
	Pop(wait bool) (worker uint16, ok bool)
	Watch()
	Len() int
	Close()
}

const none = -1

// slot is where one worker receives.
type slot[T any] struct {
	_      [cas.CacheLine]byte
	state  atomic.Uint32
	item   T
	parker park.Parker
	wasted atomic.Uint64
	_      [cas.CacheLine]byte
}

const (
	empty uint32 = iota
	full
	closed
)

// New makes a queue for workers 0 to workers-1, all of them busy at first. The
// listener sleeps on a parker of the same kind; the zero kind means the default.
func New[T any](workers int, kind park.Kind, opt park.Options) (*Queue[T], error) {
	kind, err := kind.OrDefault()
	if err != nil {
		return nil, err
	}
	producer, err := kind.New(opt)
	if err != nil {
		return nil, fmt.Errorf("make the listener's parker: %w", err)
	}
	return NewFor[T](producer, workers, kind, opt)
}

// NewFor is New for a listener that brings the parker it sleeps on while all
// workers are busy. The queue closes it when it is freed, and when this fails.
func NewFor[T any](producer park.Parker, workers int, kind park.Kind, opt park.Options) (*Queue[T], error) {
	if err := checkWorkers(workers); err != nil {
		producer.Close()
		return nil, err
	}
	kind, err := kind.OrDefault()
	if err != nil {
		producer.Close()
		return nil, err
	}
	q := &Queue[T]{idle: cas.NewIdle(workers), slots: make([]slot[T], workers), producer: producer, reserved: none}
	for i := range q.slots {
		var err error
		if q.slots[i].parker, err = kind.New(opt); err != nil {
			q.Free()
			return nil, fmt.Errorf("make parker of worker %d: %w", i, err)
		}
	}
	return q, nil
}

func checkWorkers(n int) error {
	if n < 1 || n > cas.MaxFollowers {
		return fmt.Errorf("queue for %d workers (want 1 to %d)", n, cas.MaxFollowers)
	}
	return nil
}

// Reserve blocks until a worker is idle and keeps it for the next Put. When
// one is reserved already it returns at once.
func (q *Queue[T]) Reserve() {
	for q.reserved == none && !q.reserve(true) {
		q.waits.Add(1)
		q.producer.Park()
	}
}

// TryReserve is Reserve without waiting.
func (q *Queue[T]) TryReserve() bool { return q.reserved != none || q.reserve(false) }

func (q *Queue[T]) reserve(wait bool) bool {
	i, ok := q.idle.Pop(wait)
	if ok {
		q.reserved = int(i)
	}
	return ok
}

// Put gives the item to the reserved worker, which may begin with it at once
// if it is awake. Wake must follow. It panics when no worker is reserved.
func (q *Queue[T]) Put(item T) {
	s := &q.slots[q.reserved]
	s.item = item
	s.state.Store(full)
}

// Wake wakes the worker that Put gave to, if it sleeps, and forgets it.
func (q *Queue[T]) Wake() {
	s := &q.slots[q.reserved]
	q.reserved = none
	if s.parker.Unpark() {
		q.wakes.Add(1)
	}
}

// Idle is how many workers can be given an item, the reserved one included; or
// more, for others may come meanwhile. It is for a listener that seldom asks:
// it counts.
func (q *Queue[T]) Idle() int {
	n := q.idle.Len()
	if q.reserved != none {
		n++
	}
	return n
}

// Watch has the next worker that becomes idle unpark the listener's parker,
// even if others are idle. What the listener reserves ends that.
func (q *Queue[T]) Watch() { q.idle.Watch() }

// Dismiss sends the reserved worker away: its Take returns false, and it must
// not come back. It panics when no worker is reserved.
func (q *Queue[T]) Dismiss() {
	s := &q.slots[q.reserved]
	q.reserved = none
	s.state.Store(closed)
	s.parker.Unpark()
}

// Take makes worker i idle and blocks until it is given an item; false means
// that the queue is closed. slept tells whether the worker had to sleep.
func (q *Queue[T]) Take(i int) (item T, slept, ok bool) {
	switch q.idle.Push(uint16(i)) {
	case cas.PushClosed:
		return item, false, false
	case cas.PushedFirst:
		if q.producer.Unpark() {
			q.wakes.Add(1)
		}
	}
	s := &q.slots[i]
	for {
		switch s.state.Load() {
		case full:
			item = s.item
			s.state.Store(empty)
			return item, slept, true
		case closed:
			return item, slept, false
		}
		if q.budget > 0 && s.spin(q.budget) {
			continue
		}
		if slept {
			s.wasted.Add(1)
		}
		s.parker.Park()
		slept = true
	}
}

// Close sends idle workers away, and those that come later.
func (q *Queue[T]) Close() {
	q.idle.Close()
	for q.TryReserve() {
		q.Dismiss()
	}
}

// Stats returns the counts. Any thread may call it.
func (q *Queue[T]) Stats() Stats {
	s := Stats{WakesIssued: q.wakes.Load(), ReserveWaits: q.waits.Load()}
	for i := range q.slots {
		s.WakesWasted += q.slots[i].wasted.Load()
	}
	return s
}

// Free gives back what the parkers hold. No thread may be using the queue.
func (q *Queue[T]) Free() error {
	errs := []error{q.producer.Close()}
	for i := range q.slots {
		if p := q.slots[i].parker; p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// Package queue is the hand-off queue between one listener and its workers.
// Queue is the form that a server should use. The listener reserves an idle
// worker before it accepts, so it accepts no connection that no worker is free
// to serve. Each item goes to the reserved worker, with one exact wake-up.
// Workers are taken last in, first out, because their caches are warm. Nothing
// is allocated.
//
// Each other form leaves out a part of that, to show what the part is worth.
// Among them are Apache's old and new queues, and the one that textbooks
// compare the Leader/Followers pattern with (a locked list, a condition
// variable, a node allocated for each item). A win against that one alone would
// prove nothing.
//
// How the two sides use it:
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
// The package knows nothing about sockets. An item may be of any type.
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
	reserved int           // the reserved worker, or none
	budget   time.Duration // how long an idle worker spins before it sleeps
	wakes    atomic.Uint64
	waits    atomic.Uint64
}

// order holds the idle workers in the order in which they are reserved. Its
// methods are those of cas.Idle.
type order interface {
	Push(worker uint16) cas.PushResult
	Pop(wait bool) (worker uint16, ok bool)
	Watch()
	Len() int
	Close()
}

const none = -1

// slot is where a worker receives its item.
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

// New makes a queue for workers 0 to workers-1. All workers are busy at first.
// The listener sleeps on a parker of the same kind. The zero kind means the
// default.
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

// NewFor is New, but the listener sleeps on producer while all workers are
// busy. The queue takes over producer: Free closes it, and NewFor closes it on
// an error.
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

// Reserve blocks until a worker is idle and reserves it for the next Put. It
// returns at once if a worker is already reserved.
func (q *Queue[T]) Reserve() {
	for q.reserved == none && !q.reserve(true) {
		q.waits.Add(1)
		q.producer.Park()
	}
}

// TryReserve is Reserve, but returns false instead of blocking.
func (q *Queue[T]) TryReserve() bool { return q.reserved != none || q.reserve(false) }

func (q *Queue[T]) reserve(wait bool) bool {
	i, ok := q.idle.Pop(wait)
	if ok {
		q.reserved = int(i)
	}
	return ok
}

// Put gives the item to the reserved worker, which begins with it at once if it
// is awake. Wake must follow. It panics if no worker is reserved.
func (q *Queue[T]) Put(item T) {
	s := &q.slots[q.reserved]
	s.item = item
	s.state.Store(full)
}

// Wake wakes the worker of the last Put if it sleeps. After that no worker is
// reserved.
func (q *Queue[T]) Wake() {
	s := &q.slots[q.reserved]
	q.reserved = none
	if s.parker.Unpark() {
		q.wakes.Add(1)
	}
}

// Idle counts the workers that can get an item, including the reserved one.
// More may become idle meanwhile. It takes time in proportion to that number.
func (q *Queue[T]) Idle() int {
	n := q.idle.Len()
	if q.reserved != none {
		n++
	}
	return n
}

// Watch makes the next worker that becomes idle unpark the listener's parker,
// even if others are idle. Reserving a worker cancels it.
func (q *Queue[T]) Watch() { q.idle.Watch() }

// Dismiss makes Take of the reserved worker return false. The worker must not
// call Take again. It panics if no worker is reserved.
func (q *Queue[T]) Dismiss() {
	s := &q.slots[q.reserved]
	q.reserved = none
	s.state.Store(closed)
	s.parker.Unpark()
}

// Take makes worker i idle and blocks until it gets an item. ok is false if the
// queue is closed. slept tells whether the worker had to sleep.
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

// Close makes Take return false for workers that are idle or become idle.
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

// Free closes the parkers. No thread may be using the queue.
func (q *Queue[T]) Free() error {
	errs := []error{q.producer.Close()}
	for i := range q.slots {
		if p := q.slots[i].parker; p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

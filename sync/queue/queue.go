// Package queue is the hand-off queue between one listener and its workers, in
// its strong form: the listener reserves an idle worker before it accepts, so
// no connection is taken that nobody can serve; each item goes to the worker
// that was reserved, with one exact wake-up; workers are taken last in, first
// out, for their caches are warm; nothing is allocated.
//
// The weak form that textbooks compare the Leader/Followers pattern with (a
// locked list, a broadcast, a node allocated per item) would prove nothing.
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

	"lflab/cas"
	"lflab/sync/park"
)

// Queue hands items of type T from one producer to many workers. Reserve, Put,
// Wake and Close are the producer's alone.
type Queue[T any] struct {
	idle     *cas.Idle
	slots    []slot[T]
	producer park.Parker
	reserved int // worker, or none
	wakes    atomic.Uint64
	waits    atomic.Uint64
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
// listener sleeps on a parker of the same kind.
func New[T any](workers int, kind park.Kind, opt park.Options) (*Queue[T], error) {
	producer, err := kind.New(opt)
	if err != nil {
		return nil, fmt.Errorf("make the listener's parker: %w", err)
	}
	return NewFor[T](producer, workers, kind, opt)
}

// NewFor is New for a listener that brings the parker it sleeps on while all
// workers are busy. The queue closes it when it is freed, and when this fails.
func NewFor[T any](producer park.Parker, workers int, kind park.Kind, opt park.Options) (*Queue[T], error) {
	if workers < 1 || workers > cas.MaxFollowers {
		producer.Close()
		return nil, fmt.Errorf("queue for %d workers (want 1 to %d)", workers, cas.MaxFollowers)
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
		s := &q.slots[q.reserved]
		q.reserved = none
		s.state.Store(closed)
		s.parker.Unpark()
	}
}

// Stats counts since the start.
type Stats struct {
	WakesIssued  uint64 // wake-ups that went to a sleeping thread
	WakesWasted  uint64 // sleeps of workers that ended with nothing
	ReserveWaits uint64 // times the listener slept because all workers were busy
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

package queue

import (
	"errors"
	"fmt"
	"sync/atomic"

	"lflab/sync/park"
)

var ringForm = Form{
	Name: "ring",
	Doc:  "Apache 2.4's: idle workers are reserved by a count, not one by one; connections wait in a ring under a mutex with a condition variable, and whichever worker is awake first takes the oldest",
}

var pileForm = Form{
	Name: "pile",
	Doc:  "as ring, but the newest connection is taken first: Apache 2.0's and 2.2's",
}

// counted is a bounded queue under a mutex, with a condition variable and a
// count of idle workers. The listener lowers the count before it puts an item.
// So there are never more items than workers that take one or are about to.
//
// idle is the number of workers that can be reserved. -1 means that the
// listener waits for a worker; the next worker that becomes idle raises idle to
// 0, which reserves it, and wakes the listener.
type counted[T any] struct {
	sleepers
	idle     atomic.Int64
	producer park.Parker
	newest   bool // take the newest item first
	waits    atomic.Uint64

	// Guarded by the mutex.
	items  []T
	first  int // index of the oldest item
	n      int
	closed bool

	// Only the listener uses these.
	reserved bool
	woken    int // the worker that the last Put chose, or none
}

func newRing[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	return newCounted[T](workers, kind, opt, false)
}

func newPile[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	return newCounted[T](workers, kind, opt, true)
}

func newCounted[T any](workers int, kind park.Kind, opt park.Options, newest bool) (Handoff[T], error) {
	q := &counted[T]{newest: newest, woken: none}
	if err := q.open(workers, kind, opt); err != nil {
		return nil, err
	}
	q.items = make([]T, workers)
	var err error
	if q.producer, err = kind.New(opt); err != nil {
		return nil, errors.Join(fmt.Errorf("make the listener's parker: %w", err), q.sleepers.Free())
	}
	return q, nil
}

// Reserve implements Handoff.
func (q *counted[T]) Reserve() {
	if q.reserved {
		return
	}
	if q.idle.Add(-1) < 0 {
		q.waits.Add(1)
		for q.idle.Load() < 0 {
			q.producer.Park()
		}
	}
	q.reserved = true
}

// TryReserve implements Handoff.
func (q *counted[T]) TryReserve() bool {
	for !q.reserved {
		n := q.idle.Load()
		if n <= 0 {
			return false
		}
		q.reserved = q.idle.CompareAndSwap(n, n-1)
	}
	return true
}

// Put implements Handoff. There is room for one item of each worker.
func (q *counted[T]) Put(item T) {
	q.reserved = false
	q.mutex.Acquire(q.listener())
	q.items[(q.first+q.n)%len(q.items)] = item
	q.n++
	q.woken = q.popLongest()
	q.mutex.Release(q.listener())
}

// Wake signals the condition variable.
func (q *counted[T]) Wake() {
	q.signal(q.woken)
	q.woken = none
}

// Take implements Handoff.
func (q *counted[T]) Take(i int) (item T, slept, ok bool) {
	if q.idle.Add(1) == 0 && q.producer.Unpark() {
		q.wakes.Add(1)
	}
	q.mutex.Acquire(i)
	defer q.mutex.Release(i)
	for q.n == 0 {
		if q.closed {
			return item, slept, false
		}
		q.sleep(i, slept)
		slept = true
	}
	q.n--
	at := q.first
	if q.newest {
		at = (q.first + q.n) % len(q.items)
	} else {
		q.first = (q.first + 1) % len(q.items)
	}
	var nothing T
	item, q.items[at] = q.items[at], nothing
	return item, slept, true
}

// Close implements Handoff.
func (q *counted[T]) Close() { q.signalAll(func() { q.closed = true }) }

// Stats implements Handoff.
func (q *counted[T]) Stats() Stats {
	st := q.sleepers.Stats()
	st.ReserveWaits = q.waits.Load()
	return st
}

// Free implements Handoff.
func (q *counted[T]) Free() error { return errors.Join(q.sleepers.Free(), q.producer.Close()) }

package queue

import "lflab/sync/park"

var naiveForm = Form{
	Name: "naive",
	Doc:  "the queue of textbooks: a list under a mutex, a node allocated for each item, a condition variable, no worker reserved: connections are accepted that no worker is free to serve, and woken workers may find nothing",
}

// naive is a list of items under a mutex, with a condition variable. A worker
// that is awake may take the item before the worker that was woken for it. That
// worker then sleeps again, last in the list. Only the number of descriptors
// bounds the list of items.
type naive[T any] struct {
	sleepers

	// Guarded by the mutex.
	first, last *node[T]
	closed      bool

	woken int // the worker that the last Put chose, or none; used by the listener only
}

type node[T any] struct {
	item T
	next *node[T]
}

func newNaive[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	q := &naive[T]{woken: none}
	if err := q.open(workers, kind, opt); err != nil {
		return nil, err
	}
	return q, nil
}

// Reserve implements Handoff. It reserves no worker.
func (q *naive[T]) Reserve() {}

// TryReserve implements Handoff. It reserves no worker.
func (q *naive[T]) TryReserve() bool { return true }

func (q *naive[T]) Put(item T) {
	n := &node[T]{item: item}
	q.mutex.Acquire(q.listener())
	if q.last == nil {
		q.first = n
	} else {
		q.last.next = n
	}
	q.last = n
	q.woken = q.popLongest()
	q.mutex.Release(q.listener())
}

// Wake signals the condition variable.
func (q *naive[T]) Wake() {
	q.signal(q.woken)
	q.woken = none
}

// Take blocks until there is an item in the list and takes the oldest.
func (q *naive[T]) Take(i int) (item T, slept, ok bool) {
	q.mutex.Acquire(i)
	for q.first == nil {
		if q.closed {
			q.mutex.Release(i)
			return item, slept, false
		}
		q.sleep(i, slept)
		slept = true
	}
	n := q.first
	if q.first = n.next; q.first == nil {
		q.last = nil
	}
	q.mutex.Release(i)
	return n.item, slept, true
}

// Close implements Handoff.
func (q *naive[T]) Close() { q.signalAll(func() { q.closed = true }) }

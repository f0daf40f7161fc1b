package queue

import "lflab/sync/park"

var naiveForm = Form{
	Name: "naive",
	Doc:  "what textbooks do: a list under a mutex, a node allocated for each item, a condition variable, nobody reserved: connections are taken that nobody can serve, and woken workers may find nothing",
}

// naive is a list of items under a mutex, and a condition variable. A worker
// that is awake may take the item before the one that is woken for it, which
// then sleeps again, last in the list. The list of items has no end: what
// bounds it is how many descriptors there are.
type naive[T any] struct {
	sleepers

	// Under the mutex.
	first, last *node[T]
	closed      bool

	woken int // by the last Put, or none; the listener's
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

// Reserve implements Handoff: nobody is reserved.
func (q *naive[T]) Reserve() {}

// TryReserve implements Handoff: nobody is reserved.
func (q *naive[T]) TryReserve() bool { return true }

// Put appends the item to the list.
func (q *naive[T]) Put(item T) {
	n := &node[T]{item: item}
	q.mutex.Acquire(q.listener())
	if q.last == nil {
		q.first = n
	} else {
		q.last.next = n
	}
	q.last = n
	q.woken = q.getUp()
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

package queue

import (
	"errors"
	"fmt"
	"sync/atomic"

	"lflab/sync/gate"
	"lflab/sync/park"
)

var naiveForm = Form{
	Name: "naive",
	Doc:  "what textbooks do: a list under a mutex, a node allocated for each item, a condition variable, nobody reserved: connections are taken that nobody can serve, and woken workers may find nothing",
}

// naive is a list of items under a mutex, and a condition variable: a list of
// sleeping workers, of which each item wakes one, the one that sleeps longest.
// A worker that is awake may take the item before the one that is woken for
// it, which then sleeps again, last in the list. The list of items has no end:
// what bounds it is how many descriptors there are.
type naive[T any] struct {
	mutex gate.Gate
	beds  []bed

	// Under the mutex.
	first, last *node[T]
	longest     int // sleeping worker, or none
	latest      int
	closed      bool

	woken int // by the last Put, or none; the listener's
	wakes atomic.Uint64
}

type node[T any] struct {
	item T
	next *node[T]
}

// bed is where a worker sleeps.
type bed struct {
	parker   park.Parker
	next     int         // that sleeps, under the mutex
	signaled atomic.Bool // may get up
	wasted   atomic.Uint64
}

func newNaive[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	if err := checkWorkers(workers); err != nil {
		return nil, err
	}
	mutex, err := gate.Lookup("futexmutex")
	if err != nil {
		return nil, err
	}
	q := &naive[T]{beds: make([]bed, workers), longest: none, latest: none, woken: none}
	if q.mutex, err = mutex.New(workers + 1); err != nil {
		return nil, fmt.Errorf("make mutex of the queue: %w", err)
	}
	for i := range q.beds {
		if q.beds[i].parker, err = kind.New(opt); err != nil {
			return nil, errors.Join(fmt.Errorf("make parker of worker %d: %w", i, err), q.Free())
		}
	}
	return q, nil
}

// listener is the listener's number to the mutex.
func (q *naive[T]) listener() int { return len(q.beds) }

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

// getUp takes the worker that sleeps longest from the list, under the mutex.
func (q *naive[T]) getUp() int {
	i := q.longest
	if i == none {
		return none
	}
	if q.longest = q.beds[i].next; q.longest == none {
		q.latest = none
	}
	return i
}

// Wake signals the condition variable.
func (q *naive[T]) Wake() {
	if q.woken != none {
		q.signal(q.woken)
		q.woken = none
	}
}

func (q *naive[T]) signal(i int) {
	q.beds[i].signaled.Store(true)
	if q.beds[i].parker.Unpark() {
		q.wakes.Add(1)
	}
}

// Take blocks until there is an item in the list and takes the oldest.
func (q *naive[T]) Take(i int) (item T, slept, ok bool) {
	q.mutex.Acquire(i)
	for q.first == nil {
		if q.closed {
			q.mutex.Release(i)
			return item, slept, false
		}
		if slept {
			q.beds[i].wasted.Add(1)
		}
		q.sleep(i)
		slept = true
	}
	n := q.first
	if q.first = n.next; q.first == nil {
		q.last = nil
	}
	q.mutex.Release(i)
	return n.item, slept, true
}

// sleep is called, and returns, with the mutex held.
func (q *naive[T]) sleep(i int) {
	b := &q.beds[i]
	b.next = none
	b.signaled.Store(false)
	if q.latest == none {
		q.longest = i
	} else {
		q.beds[q.latest].next = i
	}
	q.latest = i
	q.mutex.Release(i)
	for !b.signaled.Load() {
		b.parker.Park()
	}
	q.mutex.Acquire(i)
}

// Close implements Handoff.
func (q *naive[T]) Close() {
	q.mutex.Acquire(q.listener())
	q.closed = true
	var all []int
	for i := q.getUp(); i != none; i = q.getUp() {
		all = append(all, i)
	}
	q.mutex.Release(q.listener())
	for _, i := range all {
		q.signal(i)
	}
}

// Stats implements Handoff.
func (q *naive[T]) Stats() Stats {
	s := Stats{WakesIssued: q.wakes.Load()}
	for i := range q.beds {
		s.WakesWasted += q.beds[i].wasted.Load()
	}
	return s
}

// Free implements Handoff.
func (q *naive[T]) Free() error {
	errs := []error{q.mutex.Close()}
	for i := range q.beds {
		if p := q.beds[i].parker; p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

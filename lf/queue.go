package lf

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

// ErrClosed is returned by a Queue that takes no more events.
var ErrClosed = errors.New("queue closed")

// ErrFull is returned by TrySubmit if the queue has no room.
var ErrFull = errors.New("queue full")

// Queue is a Source whose events come from the program itself: tasks, say. It
// holds a fixed number of events and yields them in the order in which they
// were accepted. Make one with NewQueue. Any goroutine may call its methods,
// except Wait and Ready, which the pool calls.
//
// An event is accepted when Submit or TrySubmit returns nil. Each accepted
// event is handled once or returned by Rest once. What the goroutine did before
// it submitted the event is visible to the handler.
//
// A handler may submit to the queue of its own pool, but not with a Submit that
// can block for ever: if every thread waits for room, no thread makes any. It
// should call TrySubmit, and handle the event itself if the queue is full.
type Queue[E any] struct {
	mu          sync.Mutex
	ring        []E // count events, from first on
	first       int
	count       int
	offers      []*offer[E] // submitters that wait for room, in their order; only if the ring is full
	closed      bool        // no event is accepted any more
	interrupted bool        // no event is yielded any more
	asleep      int         // leaders that sleep or are about to
	called      int         // wake-ups that no leader has noticed yet
	_           [cas.CacheLine]byte
	calls       atomic.Uint32 // what leaders sleep on: changes with each wake-up
}

// offer is an event whose submitter waits for room.
type offer[E any] struct {
	event   E
	err     error         // set before decided is closed
	decided chan struct{} // closed when the event has been accepted or refused
}

// NewQueue makes a queue with room for that many events. It panics if capacity
// is below 1.
func NewQueue[E any](capacity int) *Queue[E] {
	if capacity < 1 {
		panic(fmt.Sprintf("lf: queue with room for %d events (want 1 or more)", capacity))
	}
	return &Queue[E]{ring: make([]E, capacity)}
}

// Submit puts an event into the queue. While the queue is full it blocks, and
// those that block are served in the order in which they came. It returns
// ErrClosed if the queue is or becomes closed, and the cause of ctx if that is
// done first. After an error the event is not in the queue.
func (q *Queue[E]) Submit(ctx context.Context, event E) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	q.mu.Lock()
	if q.closed || q.count < len(q.ring) {
		return q.put(event)
	}
	mine := &offer[E]{event: event, decided: make(chan struct{})}
	q.offers = append(q.offers, mine)
	q.mu.Unlock()
	select {
	case <-mine.decided:
		return mine.err
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.offers, mine); i >= 0 {
		q.offers = slices.Delete(q.offers, i, i+1)
		return context.Cause(ctx)
	}
	return mine.err // it was decided meanwhile
}

// TrySubmit puts an event into the queue if there is room. Otherwise it returns
// ErrFull, or ErrClosed if the queue is closed. It does not wait for room.
func (q *Queue[E]) TrySubmit(event E) error {
	q.mu.Lock()
	if !q.closed && q.count == len(q.ring) {
		q.mu.Unlock()
		return ErrFull
	}
	return q.put(event)
}

// put unlocks the queue. Unless it is closed it puts the event into the ring,
// which has room, and wakes a leader if one sleeps.
func (q *Queue[E]) put(event E) error {
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	q.push(event)
	call := q.asleep > q.called
	if call {
		q.called++
		q.calls.Add(1)
	}
	q.mu.Unlock()
	if call {
		futex.Wake(&q.calls, 1)
	}
	return nil
}

func (q *Queue[E]) push(event E) {
	q.ring[(q.first+q.count)%len(q.ring)] = event
	q.count++
}

func (q *Queue[E]) pop() E {
	var none E
	event := q.ring[q.first]
	q.ring[q.first] = none // so that the collector can free what it points to
	q.first = (q.first + 1) % len(q.ring)
	q.count--
	if len(q.offers) > 0 {
		next := q.offers[0]
		q.offers = slices.Delete(q.offers, 0, 1)
		q.push(next.event)
		close(next.decided)
	}
	return event
}

// Wait implements Source. It blocks until there is an event, and returns
// ErrEnded if the queue is closed and empty, or interrupted. It panics if
// futex(2) is forbidden to the process.
func (q *Queue[E]) Wait(int) (E, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.count > 0 && !q.interrupted:
			return q.pop(), nil
		case q.closed:
			var none E
			return none, ErrEnded
		}
		q.sleep()
	}
}

// sleep unlocks the queue until it changes. It may return early.
func (q *Queue[E]) sleep() {
	q.asleep++
	seen := q.calls.Load()
	q.mu.Unlock()
	err := futex.Wait(&q.calls, seen)
	q.mu.Lock()
	if err != nil {
		panic("lf: queue: " + err.Error())
	}
	q.asleep--
	q.called = max(q.called-1, 0)
}

// Ready implements Queued.
func (q *Queue[E]) Ready() int { return q.Len() }

// Len returns the number of events in the queue, without those of blocked
// submitters.
func (q *Queue[E]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// Close makes the queue accept no more events. Those that it has are still
// handled, and then the pool ends. Blocked submitters get ErrClosed. It does
// not wait; Pool.Wait does. A second call does nothing.
func (q *Queue[E]) Close() { q.end(false) }

// Interrupt implements Source: it closes the queue and leaves the events that
// wait to Rest. Pool.Stop calls it.
func (q *Queue[E]) Interrupt() { q.end(true) }

func (q *Queue[E]) end(interrupt bool) {
	q.mu.Lock()
	q.closed = true
	q.interrupted = q.interrupted || interrupt
	for _, o := range q.offers {
		o.err = ErrClosed
		close(o.decided)
	}
	q.offers = nil
	q.calls.Add(1)
	q.mu.Unlock()
	futex.Wake(&q.calls, futex.All)
}

// Rest empties the queue and returns the events that no handler got. Call it
// after Pool.Wait or Pool.Run.
func (q *Queue[E]) Rest() []E {
	q.mu.Lock()
	defer q.mu.Unlock()
	var rest []E
	for q.count > 0 {
		rest = append(rest, q.pop())
	}
	return rest
}

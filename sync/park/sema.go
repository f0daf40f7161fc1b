package park

import (
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var semaKind = Kind{
	Name:   "sema",
	Doc:    "a semaphore with value and number of waiters in one word, slept on by futex(2): whether counting waiters costs more than the permit's three states",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		return new(semaParker), nil
	},
}

// semaphore is a binary one: its value is 0 or 1, and to post it twice is to
// post it once.
//
//	bits   field    meaning
//	0      value    a wait can be granted without blocking
//	1-31   waiters  threads that are about to sleep, sleep, or were woken and
//	                have not yet looked
//
//	value 1            -> value 0              wait    granted at once
//	value 0            -> waiters + 1          wait    before it blocks
//	value 1, waiters n -> value 0, waiters n-1 wait    granted after blocking
//	value 0            -> value 1              post    with waiters: wake one
//	value 1            -> the same             post    merged; still a write
//	waiters n          -> waiters n-1          cancel  value 0, deadline passed
//
// The kernel compares the whole word, so a post between the look and the sleep
// ends the sleep before it began. So does another thread that comes to wait;
// it then looks again, which is why waiters are counted and not looked for.
// Any number of threads may wait. The zero value has value 0.
type semaphore struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

const (
	semaValue  uint32 = 1
	semaWaiter uint32 = 2
)

// post sets the value and reports whether there is a waiter to wake. The post
// that merges writes the word as well, unchanged: what the poster wrote before
// is then visible to whoever takes the value.
func (s *semaphore) post() (wake bool) {
	for {
		w := s.word.Load()
		if s.word.CompareAndSwap(w, w|semaValue) {
			return w&semaValue == 0 && w >= semaWaiter
		}
	}
}

// wake ends the sleep of the thread that has waited longest.
func (s *semaphore) wake() { futex.Wake(&s.word, 1) }

// wait blocks until the value is 1 and makes it 0, or until the deadline. It
// reports whether it did.
func (s *semaphore) wait(deadline int64) bool {
	counted := uint32(0) // semaWaiter once this thread is among the waiters
	for {
		w := s.word.Load()
		switch {
		case w&semaValue != 0:
			if s.word.CompareAndSwap(w, w-semaValue-counted) {
				return true
			}
		case counted == 0:
			if s.word.CompareAndSwap(w, w+semaWaiter) {
				counted = semaWaiter
			}
		default:
			switch err := sleep(&s.word, w, deadline); err {
			case nil:
			case futex.ErrDeadline:
				return s.cancel()
			default:
				panic("park: " + err.Error())
			}
		}
	}
}

// cancel takes this thread from the waiters, or takes a value that came after
// all: the post may have counted on this thread to do so.
func (s *semaphore) cancel() (taken bool) {
	for {
		w := s.word.Load()
		value := w & semaValue
		if s.word.CompareAndSwap(w, w-value-semaWaiter) {
			return value != 0
		}
	}
}

// noDeadline is the deadline of those who have none.
const noDeadline = 1<<63 - 1

// sleep is futex.WaitUntil, without a timer where there is no deadline.
func sleep(word *atomic.Uint32, val uint32, deadline int64) error {
	if deadline == noDeadline {
		return futex.Wait(word, val)
	}
	return futex.WaitUntil(word, val, deadline)
}

type semaParker struct{ sema semaphore }

func (p *semaParker) Park()                         { p.sema.wait(noDeadline) }
func (p *semaParker) ParkUntil(deadline int64) bool { return p.sema.wait(deadline) }

func (p *semaParker) Unpark() (woke bool) {
	if !p.sema.post() {
		return false
	}
	p.sema.wake()
	return true
}

func (p *semaParker) Close() error { return nil }

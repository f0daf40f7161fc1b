package park

import (
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var semaKind = Kind{
	Name:   "sema",
	Doc:    "a semaphore with value and number of waiters in one word, slept on by futex(2): shows whether counting waiters costs more than the permit's three states",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		return new(semaParker), nil
	},
}

// semaphore is binary: its value is 0 or 1, and two posts count as one.
//
//	bits   field    meaning
//	0      value    a wait can be granted without blocking
//	1-31   waiters  threads that are about to sleep, that sleep, or that were
//	                woken and have not looked yet
//
//	value 1            -> value 0              wait    granted at once
//	value 0            -> waiters + 1          wait    before it blocks
//	value 1, waiters n -> value 0, waiters n-1 wait    granted after blocking
//	value 0            -> value 1              post    with waiters: wake one
//	value 1            -> the same             post    merged; still a write
//	waiters n          -> waiters n-1          cancel  value 0, deadline passed
//
// The kernel compares the whole word before it sleeps, so a post in between
// prevents the sleep. So does another thread that begins to wait, and the first
// one looks again. Therefore each thread counts itself once and not before each
// sleep. Any number of threads may wait. The zero value has value 0.
type semaphore struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

const (
	semaValue  uint32 = 1
	semaWaiter uint32 = 2
)

// post sets the value and reports whether the caller must wake a waiter. A post
// that merges also writes the word, unchanged, so that the taker of the value
// sees what the poster wrote before.
func (s *semaphore) post() (wake bool) {
	for {
		w := s.word.Load()
		if s.word.CompareAndSwap(w, w|semaValue) {
			return w&semaValue == 0 && w >= semaWaiter
		}
	}
}

// wake wakes the thread that has waited longest.
func (s *semaphore) wake() { futex.Wake(&s.word, 1) }

// wait blocks until the value is 1 and sets it to 0, or until the deadline. It
// reports whether it took the value.
func (s *semaphore) wait(deadline int64) bool {
	counted := uint32(0) // semaWaiter once this thread has counted itself
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

// cancel takes this thread off the count of waiters. It also takes the value if
// a post came after all, because that post may have woken only this thread.
func (s *semaphore) cancel() (taken bool) {
	for {
		w := s.word.Load()
		value := w & semaValue
		if s.word.CompareAndSwap(w, w-value-semaWaiter) {
			return value != 0
		}
	}
}

// noDeadline as a deadline means to wait without a time-out.
const noDeadline = 1<<63 - 1

// sleep is futex.WaitUntil, but sets no timer for noDeadline.
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

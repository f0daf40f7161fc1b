package queue

import (
	"errors"
	"fmt"
	"sync/atomic"

	"lflab/sync/gate"
	"lflab/sync/park"
)

// sleepers is a mutex with a condition variable, built from parkers. Each
// signal wakes the worker that has slept longest. A worker that is awake may
// take the mutex before it.
type sleepers struct {
	mutex   gate.Gate
	workers []sleeper

	// Guarded by the mutex.
	longest int // the worker that has slept longest, or none
	latest  int // the worker that has slept shortest, or none

	wakes atomic.Uint64
}

// sleeper is one worker's entry in the list of sleeping workers.
type sleeper struct {
	parker   park.Parker
	next     int         // the next worker in the list; guarded by the mutex
	signaled atomic.Bool // the worker may stop sleeping
	wasted   atomic.Uint64
}

func (s *sleepers) open(workers int, kind park.Kind, opt park.Options) error {
	if err := checkWorkers(workers); err != nil {
		return err
	}
	mutex, err := gate.Lookup("futexmutex")
	if err != nil {
		return err
	}
	s.workers, s.longest, s.latest = make([]sleeper, workers), none, none
	if s.mutex, err = mutex.New(workers + 1); err != nil {
		return fmt.Errorf("make mutex of the queue: %w", err)
	}
	for i := range s.workers {
		if s.workers[i].parker, err = kind.New(opt); err != nil {
			return errors.Join(fmt.Errorf("make parker of worker %d: %w", i, err), s.Free())
		}
	}
	return nil
}

// listener is the number that the listener uses for the mutex.
func (s *sleepers) listener() int { return len(s.workers) }

// popLongest removes the worker that has slept longest from the list and
// returns it, or none. The caller holds the mutex.
func (s *sleepers) popLongest() int {
	i := s.longest
	if i == none {
		return none
	}
	if s.longest = s.workers[i].next; s.longest == none {
		s.latest = none
	}
	return i
}

// signal wakes a worker that was removed from the list. It ignores none.
func (s *sleepers) signal(i int) {
	if i == none {
		return
	}
	s.workers[i].signaled.Store(true)
	if s.workers[i].parker.Unpark() {
		s.wakes.Add(1)
	}
}

// sleep blocks worker i until it is signaled. The caller holds the mutex before
// and after. again says that the worker's previous sleep ended without an item.
func (s *sleepers) sleep(i int, again bool) {
	b := &s.workers[i]
	if again {
		b.wasted.Add(1)
	}
	b.next = none
	b.signaled.Store(false)
	if s.latest == none {
		s.longest = i
	} else {
		s.workers[s.latest].next = i
	}
	s.latest = i
	s.mutex.Release(i)
	for !b.signaled.Load() {
		b.parker.Park()
	}
	s.mutex.Acquire(i)
}

// signalAll calls end under the mutex and then wakes all sleeping workers. Only
// the listener may call it.
func (s *sleepers) signalAll(end func()) {
	s.mutex.Acquire(s.listener())
	end()
	var all []int
	for i := s.popLongest(); i != none; i = s.popLongest() {
		all = append(all, i)
	}
	s.mutex.Release(s.listener())
	for _, i := range all {
		s.signal(i)
	}
}

// Stats implements Handoff.
func (s *sleepers) Stats() Stats {
	st := Stats{WakesIssued: s.wakes.Load()}
	for i := range s.workers {
		st.WakesWasted += s.workers[i].wasted.Load()
	}
	return st
}

// Free implements Handoff.
func (s *sleepers) Free() error {
	errs := []error{s.mutex.Close()}
	for i := range s.workers {
		if p := s.workers[i].parker; p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

package queue

import (
	"errors"
	"fmt"
	"sync/atomic"

	"lflab/sync/gate"
	"lflab/sync/park"
)

// sleepers is a mutex with a condition variable, made of parkers: of the
// workers that sleep, each signal wakes the one that sleeps longest. One that
// is awake may come before it.
type sleepers struct {
	mutex gate.Gate
	beds  []bed

	// Under the mutex.
	longest int // sleeping worker, or none
	latest  int

	wakes atomic.Uint64
}

// bed is where a worker sleeps.
type bed struct {
	parker   park.Parker
	next     int         // that sleeps, under the mutex
	signaled atomic.Bool // may get up
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
	s.beds, s.longest, s.latest = make([]bed, workers), none, none
	if s.mutex, err = mutex.New(workers + 1); err != nil {
		return fmt.Errorf("make mutex of the queue: %w", err)
	}
	for i := range s.beds {
		if s.beds[i].parker, err = kind.New(opt); err != nil {
			return errors.Join(fmt.Errorf("make parker of worker %d: %w", i, err), s.Free())
		}
	}
	return nil
}

// listener is the listener's number to the mutex.
func (s *sleepers) listener() int { return len(s.beds) }

// getUp takes the worker that sleeps longest from the list, under the mutex.
func (s *sleepers) getUp() int {
	i := s.longest
	if i == none {
		return none
	}
	if s.longest = s.beds[i].next; s.longest == none {
		s.latest = none
	}
	return i
}

// signal wakes a worker that has been taken from the list; none is nobody.
func (s *sleepers) signal(i int) {
	if i == none {
		return
	}
	s.beds[i].signaled.Store(true)
	if s.beds[i].parker.Unpark() {
		s.wakes.Add(1)
	}
}

// sleep is called, and returns, with the mutex held. It returns when the
// worker has been signaled. again says that it has been, and found nothing.
func (s *sleepers) sleep(i int, again bool) {
	b := &s.beds[i]
	if again {
		b.wasted.Add(1)
	}
	b.next = none
	b.signaled.Store(false)
	if s.latest == none {
		s.longest = i
	} else {
		s.beds[s.latest].next = i
	}
	s.latest = i
	s.mutex.Release(i)
	for !b.signaled.Load() {
		b.parker.Park()
	}
	s.mutex.Acquire(i)
}

// signalAll wakes all workers after end has been called under the mutex. The
// listener's alone.
func (s *sleepers) signalAll(end func()) {
	s.mutex.Acquire(s.listener())
	end()
	var all []int
	for i := s.getUp(); i != none; i = s.getUp() {
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
	for i := range s.beds {
		st.WakesWasted += s.beds[i].wasted.Load()
	}
	return st
}

// Free implements Handoff.
func (s *sleepers) Free() error {
	errs := []error{s.mutex.Close()}
	for i := range s.beds {
		if p := s.beds[i].parker; p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

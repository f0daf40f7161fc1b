package mpm

import (
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/lf/sock"
)

// handleSet is one epoll set of a reactor, and the next deadline of its
// connections.
type handleSet struct {
	*sock.Poller

	// soonest is the earliest known deadline, ns, or sock.Never. waitsTill is
	// the time until which a leader waits; 0 means that none waits. A leader
	// checks soonest before it waits.
	soonest   atomic.Int64
	waitsTill atomic.Int64
}

// wait waits on the set until an absolute time. If busy, it polls first,
// because that usually finds something, and a call that does not block costs
// less.
func (s *handleSet) wait(events []unix.EpollEvent, now, till int64, busy bool) (int, error) {
	if busy {
		if n, err := s.Poll(events); n > 0 || err != nil {
			return n, err
		}
	}
	// Either this thread sees a deadline that is set now, or the thread that
	// sets it sees that this wait lasts too long.
	s.waitsTill.Store(till)
	if s.soonest.Load() < till {
		till = now
	}
	n, err := s.WaitTill(events, now, till)
	s.waitsTill.Store(0)
	return n, err
}

// due records a deadline, and ends a leader's wait that would last longer.
func (s *handleSet) due(at int64) {
	if at == 0 {
		return
	}
	for {
		old := s.soonest.Load()
		if old <= at {
			return
		}
		if s.soonest.CompareAndSwap(old, at) {
			break
		}
	}
	if s.waitsTill.Load() > at {
		s.waitsTill.Store(at)
		s.Wake()
	}
}

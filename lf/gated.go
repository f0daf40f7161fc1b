package lf

import "errors"

// runGated runs a thread of a pool whose leadership is a gate. The thread that
// holds the gate leads, and releasing it is the promotion. The gate decides who
// comes next.
func (p *Pool[E]) runGated(s *seat[E]) {
	for {
		if !s.holds {
			s.log.Flush()
			p.gate.Acquire(s.id)
			s.holds = true
			s.promotions.Add(1)
			s.received()
			s.log.Leads(p.passes.Load(), true)
		} else {
			s.direct.Add(1)
		}
		s.log.Arms()
		var err error
		s.event, err = p.sources[0].Wait(s.id)
		switch {
		case errors.Is(err, ErrEnded):
			// Release the gate, so that each thread in turn gets ErrEnded.
			p.gate.Release(s.id)
			s.log.Flush()
			return
		case err != nil:
			continue
		}
		p.received(s)
		if p.rules.early {
			p.leaveGate(s)
		}
		p.process(s)
		s.processed.Add(1)
	}
}

// leaveGate releases the gate, unless the thread does not hold it or the
// promotion forbids it.
func (p *Pool[E]) leaveGate(s *seat[E]) {
	if !s.holds || p.rules.never {
		return
	}
	s.holds = false
	if !p.rules.early {
		s.log.Passes()
	}
	s.log.Published()
	p.gate.Release(s.id)
	s.log.Woke()
}

package lf

import "errors"

// runGated is a member's life where the leadership is a lock: whoever holds
// the gate leads, and letting go of it is the promotion. Who comes next is the
// gate's affair.
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
			// Each thread in turn finds the source at its end.
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

// leaveGate lets go of the gate, if the thread holds it and is to give it up.
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

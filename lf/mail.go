package lf

// boxSize is how many events may wait for one thread. What does not fit the
// leader handles itself.
const boxSize = 1 << 12

// deliver hands the event at hand to the thread that it is bound to, and
// reports false when that is the leader's own or has too many.
//
// The leader is the only one to deliver, so a thread that is promoted finds
// everything that was delivered to it while it followed; and one that is about
// to sleep looks into its box after the last wake-up it consumed, or is woken.
func (p *Pool[E]) deliver(s *seat[E]) bool {
	owner := p.sources[0].(Owned[E]).Owner(s.event)
	if owner == s.id {
		return false
	}
	to := &p.members[owner]
	if !to.box.Push(s.event) {
		return false
	}
	if to.parker.Unpark() {
		s.wakesIssued.Add(1)
	}
	return true
}

// hasMail reports whether events wait for the thread.
func (s *seat[E]) hasMail() bool { return s.box != nil && !s.box.Empty() }

// readMail handles the events that are bound to the thread.
func (p *Pool[E]) readMail(s *seat[E]) {
	if s.box == nil {
		return
	}
	for {
		event, ok := s.box.Pop()
		if !ok {
			return
		}
		s.event = event
		p.process(s)
		s.processed.Add(1)
		s.bound.Add(1)
		s.received()
	}
}

package lf

// boxSize is how many events may wait for one thread. The leader itself handles
// further ones.
const boxSize = 1 << 12

// deliver gives the current event to the thread that it is bound to. It reports
// false if the leader must handle the event: it is bound to the leader, or its
// owner's box is full.
//
// Only the leader delivers. So a thread that is promoted finds everything that
// was delivered to it while it followed. A thread that is about to sleep looks
// into its box after it has consumed its last wake-up; if an event comes later,
// the leader wakes it.
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

// hasMail reports whether bound events wait for the thread.
func (s *seat[E]) hasMail() bool { return s.box != nil && !s.box.Empty() }

// readMail handles the bound events that wait for the thread.
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

package lf

// backlog is what a leader knows of the work at hand. It belongs to the
// leadership, and whoever has that goes on with it.
type backlog struct {
	mean  int64 // of the time an event takes, ns; a moving one
	last  int64 // when the event before began
	ready int   // how many events were waiting then
}

// divides decides, with promotion adaptive, whether the events that wait behind
// the one at hand are more work than Hold and there is a processor to do it:
// then the leadership is given up at once, and another thread goes on with
// them.
//
// How long an event takes is learnt from one to the next where the leader did
// not wait in between.
func (p *Pool[E]) divides(s *seat[E]) bool {
	source, ok := p.source(s.m.slot).(Queued)
	if !ok {
		return false
	}
	b := &p.backlogs[s.m.slot]
	if b.ready > 0 {
		b.mean += (s.began - b.last - b.mean) / 8
	}
	b.last, b.ready = s.began, source.Ready()
	return int64(b.ready)*b.mean > int64(p.opt.Hold) && p.idle.Load()
}

// survey notes whether a processor is free. The sentinel calls it when it looks
// around, and counts itself among those that run.
func (p *Pool[E]) survey() {
	if p.census != nil {
		p.idle.Store(p.census.Running()-1 < p.cpus)
	}
}

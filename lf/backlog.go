package lf

// backlog is what the leader of a slot knows about waiting work. It belongs to
// the slot, so the next leader goes on with it.
type backlog struct {
	mean  int64 // moving average of the time that an event takes, ns
	last  int64 // when the previous event began, ns of CLOCK_MONOTONIC
	ready int   // how many events were waiting then
}

// divides decides for promotion adaptive whether to give up the leadership at
// once, so that another thread handles the events that wait. It reports true if
// they are more work than Hold and a processor is free.
//
// The mean is updated only where the leader did not wait between two events,
// because their distance is then the time that an event takes.
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

// survey records whether a processor is free. The sentinel calls it when it
// looks around, and subtracts itself from the running threads.
func (p *Pool[E]) survey() {
	if p.census != nil {
		p.idle.Store(p.census.Running()-1 < p.cpus)
	}
}

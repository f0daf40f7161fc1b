package lf

import (
	"sync/atomic"

	"lflab/cas"
)

// Stats counts what a pool has done since its start. It is the sum of the
// threads' own counters. Each is read atomically, but not all at one moment.
type Stats struct {
	Events        uint64 // processed
	Promotions    uint64 // leaderships received from another thread
	DirectReleads uint64 // leaderships taken at a join, because there was no leader: no sleep, no wake-up
	WakesIssued   uint64 // wake-ups that went to a sleeping thread
	WakesWasted   uint64 // sleeps that ended without a promise
	CASRetries    uint64 // compare-and-swaps on the leadership word that failed
	Taken         uint64 // leaderships that the sentinel took, free ones and those of leaders that processed too long
	Bound         uint64 // bound events that their owners handled
	Panics        uint64 // handlers that panicked
}

// Map returns the counters under their names in status pages and results.
func (s Stats) Map() map[string]uint64 {
	return map[string]uint64{
		"events":         s.Events,
		"promotions":     s.Promotions,
		"direct_releads": s.DirectReleads,
		"wakes_issued":   s.WakesIssued,
		"wakes_wasted":   s.WakesWasted,
		"cas_retries":    s.CASRetries,
		"taken":          s.Taken,
		"bound_events":   s.Bound,
		"handler_panics": s.Panics,
	}
}

// counters are one thread's counters. Other threads only read them.
type counters struct {
	_           [cas.CacheLine]byte
	processed   atomic.Uint64
	promotions  atomic.Uint64
	direct      atomic.Uint64
	wakesIssued atomic.Uint64
	wakesWasted atomic.Uint64
	retries     atomic.Uint64
	taken       atomic.Uint64
	bound       atomic.Uint64
	panics      atomic.Uint64
	handoffs    *atomic.Uint64 // see Options.Handoffs; may be nil
	_           [cas.CacheLine]byte
}

// received counts the receipt of the leadership or of a bound event from
// another thread.
func (c *counters) received() {
	if c.handoffs != nil {
		c.handoffs.Add(1)
	}
}

func (c *counters) leads(m *member) {
	switch {
	case m.taken:
		c.taken.Add(1)
		c.received()
	case m.promoted:
		c.promotions.Add(1)
		c.received()
	default:
		c.direct.Add(1)
	}
	m.taken = false
	c.retries.Add(uint64(m.join.Retries))
	m.join.Retries = 0
}

// Stats returns the sum of the threads' counters. Any thread may call it.
func (p *Pool[E]) Stats() (s Stats) {
	for i := range p.members {
		c := &p.members[i].counters
		s.Events += c.processed.Load()
		s.Promotions += c.promotions.Load()
		s.DirectReleads += c.direct.Load()
		s.WakesIssued += c.wakesIssued.Load()
		s.WakesWasted += c.wakesWasted.Load()
		s.CASRetries += c.retries.Load()
		s.Taken += c.taken.Load()
		s.Bound += c.bound.Load()
		s.Panics += c.panics.Load()
	}
	return s
}

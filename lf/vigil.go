package lf

import (
	"time"

	"lflab/cas"
	"lflab/lf/flight"
)

// vigil is what a sentinel remembers from one look to the next. While
// something happens it looks around every so often: after Hold when it had to
// act, then at twice the interval each time, up to slowest times Hold. When
// nothing has happened for a while it sleeps until it is roused, so that no
// timer fires in an idle server.
//
// So an event waits behind a handler for Hold, when such handlers are usual,
// and for slowest times Hold at most, plus the kernel's timer slack.
type vigil struct {
	period int64 // until the next look, ns
	marks  uint64
	since  int64 // when something happened last
	seen   cas.Word
	seenAt int64 // when a free slot was seen first, in that word
}

const (
	slowest = 20
	// lingering is how long a sentinel goes on looking when nothing happens. It
	// is long compared with the pauses of a server that is not idle, for
	// rousing the sentinel costs a wake-up.
	lingering = 100 * time.Millisecond
)

// found is called when a leader slot is free. Promotion adaptive frees one in
// order to have it taken; lazy leaves it to a returning thread for a while.
func (p *Pool[E]) found(s *seat[E]) {
	v, m := &s.watch, &s.m
	if p.rules.leased {
		m.watch.Claim()
		return
	}
	now := flight.Now()
	switch {
	case m.watch.Seen != v.seen:
		v.seen, v.seenAt = m.watch.Seen, now
	case now-v.seenAt >= int64(p.opt.Hold):
		v.period = 0
		m.watch.Claim()
		return
	}
	v.since = now
	p.pass(s)
}

// overdue is called when a leader processes. Its leadership is taken when it
// has done so for longer than Hold.
func (p *Pool[E]) overdue(s *seat[E]) {
	if flight.Now()-p.since[s.m.watch.Slot].Load() < int64(p.opt.Hold) {
		p.pass(s)
		return
	}
	s.watch.period = 0
	s.m.watch.Take()
}

func (p *Pool[E]) pass(s *seat[E]) {
	if s.m.passes() == quiet {
		p.quiet(s)
	}
}

// quiet is called when everything has been looked at.
func (p *Pool[E]) quiet(s *seat[E]) {
	v, m := &s.watch, &s.m
	now := flight.Now()
	marks := uint64(m.watch.Seen)
	for slot := range p.since {
		marks += uint64(p.leadership.Lease(uint8(slot))) << 32
	}
	if marks != v.marks {
		v.marks, v.since = marks, now
	}
	if now-v.since > int64(lingering) {
		s.watch = vigil{}
		m.watch.Sleep()
		return
	}
	if p.rules.leased {
		p.survey()
	}
	hold := int64(p.opt.Hold)
	v.period = min(max(2*v.period, hold), slowest*hold)
	s.log.Flush()
	s.parker.ParkUntil(now + v.period)
	m.watch.Look()
}

// spin is how the follower that is next waits first where promotion is heir:
// it looks at its promise for the spin budget, for as long as nobody has come
// to lie on top of it. It reports whether there is a promise.
func (p *Pool[E]) spin(s *seat[E]) bool {
	budget := int64(p.opt.Park.Spin)
	if budget == 0 {
		budget = int64(DefaultHeirSpin)
	}
	for end := flight.Now() + budget; flight.Now() < end; {
		for range looks {
			if p.leadership.Promise(s.m.me) != cas.NoPromise {
				return true
			}
			cas.Pause()
		}
		if p.leadership.Load().Head() != s.m.me {
			return false // not the next any more, or promoted this very moment
		}
	}
	return false
}

// DefaultHeirSpin is how long the follower that is next spins before it sleeps
// with promotion heir: about what two wake-ups cost, one of which it spares.
const DefaultHeirSpin = 50 * time.Microsecond

// looks is how often the promise is looked at for each look at the clock.
const looks = 16

package lf

import (
	"time"

	"lflab/cas"
	"lflab/lf/flight"
)

// vigil is what the sentinel remembers between two looks at the leaders. It
// looks again Hold after it had to act; each further interval is twice as long,
// up to slowest times Hold. When nothing has happened for lingering, it sleeps
// until it is woken, so no timer fires in an idle server.
//
// So an event waits behind a long handler for Hold if such handlers are usual,
// and for at most slowest times Hold otherwise, plus the kernel's timer slack.
type vigil struct {
	period int64  // until the next look, ns
	marks  uint64 // changes when the word or a lease changes
	since  int64  // when a change was last seen
	seen   cas.Word
	seenAt int64 // when that word with a free slot was first seen
}

const (
	slowest = 20
	// lingering is how long the sentinel goes on looking when nothing happens.
	// It is long compared with the pauses of a busy server, because waking the
	// sentinel costs a wake-up.
	lingering = 100 * time.Millisecond
)

// found is called when a leader slot is free. With promotion adaptive the
// sentinel takes it at once. With promotion lazy it leaves the slot to a
// returning thread for Hold.
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

// overdue is called when a leader processes an event. If it has done so for
// longer than Hold, the sentinel takes the leadership.
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

// quiet is called when the sentinel has looked at all slots.
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

// spin is the first part of a follower's wait with promotion heir. It polls the
// promise for the spin budget while the follower is on top of the stack. It
// reports whether there is a promise.
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
			return false // another follower is on top, or this one was promoted just now
		}
	}
	return false
}

// DefaultHeirSpin is how long the next follower spins before it sleeps with
// promotion heir. It is about the cost of two wake-ups; a success saves one.
const DefaultHeirSpin = 50 * time.Microsecond

// looks is how often the promise is read for each read of the clock.
const looks = 16

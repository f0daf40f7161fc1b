package mpm

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// batch is the largest number of events that are taken from the set at once.
const batch = 256

// demultiplexer makes a handle set an event source of the pool. Each leader of
// a set has its own. The events that were taken from the set belong to the
// leadership, not to the thread: the next leader continues with them.
type demultiplexer struct {
	m       *reactor
	set     *handleSet
	events  []unix.EpollEvent
	next, n int           // events[next:n] are still to be looked at
	ready   sock.Ready    // listeners with waiting connections
	pending fifo[*handle] // had an edge before they could be given back
}

// Wait returns the next connection for which there is something to do. The
// caller owns it.
func (d *demultiplexer) Wait(id int) (*handle, error) {
	s := &d.m.seats[id]
	s.Set(serve.Leading)
	for {
		if !d.pending.empty() {
			return d.pending.pop(), nil
		}
		if d.ready != 0 {
			if h := d.accept(s); h != nil {
				return h, nil
			}
		}
		for d.next < d.n {
			e := &d.events[d.next]
			d.next++
			if h := d.claim(e); h != nil {
				return h, nil
			}
			if d.ready != 0 {
				break
			}
		}
		if d.ready != 0 {
			continue
		}
		if d.m.draining.Load() {
			stopped := d.m.stopped.Load() // read before idle ones are ended: the next round finds those that come after
			d.drain(s)
			if stopped && d.m.alive.Load() == 0 {
				s.Set(serve.Waiting)
				d.m.wakeLeaders() // so that they end, too
				return nil, lf.ErrEnded
			}
		}
		if d.pending.empty() {
			d.turn(s)
		}
	}
}

// Owner returns the thread that h is bound to. Connections get threads in turn.
func (d *demultiplexer) Owner(h *handle) int { return h.owner }

// Ready returns how many events wait behind the one that Wait returned.
func (d *demultiplexer) Ready() int { return d.n - d.next }

// Interrupt implements lf.Source. It drains the server.
func (d *demultiplexer) Interrupt() { d.m.Drain() }

// claim claims the connection of an event, or returns nil if none needs service.
func (d *demultiplexer) claim(e *unix.EpollEvent) *handle {
	token := sock.Token(e)
	if d.ready.Note(token) {
		return nil
	}
	h, turn := d.m.at(token)
	if h == nil || !h.claim(turn) {
		return nil
	}
	if !h.note(e.Events) {
		d.giveBack(h)
		return nil
	}
	return h
}

// accept accepts one connection, or returns nil. It accepts one at a time, so
// that each is an event of the pool.
func (d *demultiplexer) accept(s *seat) *handle {
	m := d.m
	fd, err := d.set.Accept(&d.ready)
	if err != nil {
		return nil
	}
	h := m.begin(fd)
	if h == nil {
		return nil
	}
	s.Connections.Add(1)
	if m.bound {
		h.owner = m.owners % len(m.seats)
		m.owners++
	}
	return h
}

// turn ends what has waited too long, then waits once on the set.
func (d *demultiplexer) turn(s *seat) {
	d.set.Resume()
	now := flight.Now()
	till := d.set.soonest.Load()
	if till <= now {
		till = d.expire(s, now)
	}
	till = min(till, d.set.ResumeAt())
	if d.m.draining.Load() {
		till = min(till, now+int64(drainPause))
	}
	n, err := d.set.wait(d.events, now, till, d.n > 1)
	if err != nil {
		panic(fmt.Sprintf("reactor: %v", err)) // the set is unusable: nothing can be served
	}
	d.next, d.n = 0, n
}

// drainPause is the interval at which a draining server looks for connections
// that have begun to wait.
const drainPause = 100 * time.Millisecond

// expire ends the connections of this set that have waited too long, and
// returns the earliest deadline of the rest.
func (d *demultiplexer) expire(s *seat, now int64) (soonest int64) {
	// Deadlines set from here on are in soonest, those set before in the table.
	d.set.soonest.Store(sock.Never)
	soonest = sock.Never
	for h := range d.m.all {
		by := h.deadline.Load()
		if by == 0 || h.state.Load()&whereMask == shut {
			continue
		}
		if by > now || !h.evict() {
			soonest = min(soonest, max(by, now+grain))
			continue
		}
		if d.m.setOf(h) != d.set || h.deadline.Load() > now {
			d.giveBack(h)
			continue
		}
		d.end(s, h, true)
	}
	d.set.due(soonest)
	return soonest
}

// giveBack lets a claimed connection wait again, or pend if an edge came
// meanwhile.
func (d *demultiplexer) giveBack(h *handle) {
	if !h.release() {
		d.pending.push(h)
	}
}

// drain ends the connections that are between requests, and those that have
// lingered for too long now.
func (d *demultiplexer) drain(s *seat) {
	now := flight.Now()
	for h := range d.m.all {
		if !h.evict() {
			continue
		}
		switch {
		case h.next.is(serve.Idle):
			d.end(s, h, false)
		case h.next.is(serve.Linger) && h.session != nil && h.session.Deadline() <= now:
			d.end(s, h, true)
		default:
			d.giveBack(h)
		}
	}
}

// end closes a connection that the caller has evicted.
func (d *demultiplexer) end(s *seat, h *handle, late bool) {
	if late {
		s.expire(&h.connection)
	}
	d.m.drop(s, h)
}

package mpm

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// batch is how many events are taken from the set at once.
const batch = 256

// demultiplexer is a handle set as the pool's event source. Each leader of a
// set has its own: what it has taken from the set belongs to the leadership,
// not to the thread, and whoever leads next goes on with it.
type demultiplexer struct {
	m       *reactor
	set     *handleSet
	events  []unix.EpollEvent
	next, n int           // events[next:n] have not been looked at
	knocks  knocks        // who wants to connect
	pending line[*handle] // had an edge while they were evicted for nothing

	ended     bool  // the listener has
	shortTill int64 // until when not to accept, after a shortage, ns; 0 none
}

// Wait returns the next connection that there is something to do for. The
// caller owns it.
func (d *demultiplexer) Wait(id int) (*handle, error) {
	t := &d.m.seats[id].Thread
	t.Set(serve.Leading)
	for {
		if !d.pending.empty() {
			return d.pending.pop(), nil
		}
		if d.knocks != 0 {
			if h := d.accept(t); h != nil {
				return h, nil
			}
		}
		for d.next < d.n {
			e := &d.events[d.next]
			d.next++
			if h := d.claim(e); h != nil {
				return h, nil
			}
			if d.knocks != 0 {
				break
			}
		}
		if d.knocks != 0 {
			continue
		}
		if d.m.easing.Load() {
			draining := d.m.draining.Load() // before idle ones are ended: who comes after them is seen in the next round
			d.drain(t)
			if draining && d.m.alive.Load() == 0 {
				t.Set(serve.Waiting)
				d.m.knock() // the other leaders
				return nil, lf.ErrEnded
			}
		}
		if d.pending.empty() {
			d.turn(t)
		}
	}
}

// Owner is the thread that a connection is bound to: they take turns.
func (d *demultiplexer) Owner(h *handle) int { return h.owner }

// Ready is how many events wait behind the one that Wait returned.
func (d *demultiplexer) Ready() int { return d.n - d.next }

// Interrupt implements lf.Source; the server ends by draining.
func (d *demultiplexer) Interrupt() { d.m.Drain() }

// claim takes the connection that an event is for, if there is one.
func (d *demultiplexer) claim(e *unix.EpollEvent) *handle {
	token := sock.Token(e)
	if token == kickToken || d.knocks.hear(token) {
		return nil
	}
	h := d.m.table[uint32(token)].Load()
	if h == nil || !h.claim(uint32(token>>tokenShift)) {
		return nil
	}
	if e.Events&^unix.EPOLLOUT == 0 && !h.next.is(serve.WriteMore) {
		d.giveBack(h) // there is room to write, as most often, and nobody wants to
		return nil
	}
	if e.Events&unix.EPOLLIN != 0 {
		h.conn.Edge()
	}
	if e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		h.ended = true
	}
	return h
}

// accept takes one connection; nil when there is none. They are taken one by
// one, so that each is an event to the pool.
func (d *demultiplexer) accept(t *serve.Thread) *handle {
	m := d.m
	fd, err := m.door.accept(&d.knocks)
	switch {
	case err == nil && fd < len(m.table):
		m.took()
		m.alive.Add(1)
		t.Connections.Add(1)
		h := m.table[fd].Load()
		if h == nil {
			h = new(handle)
			m.table[fd].Store(h)
			m.reach(int64(fd))
		}
		h.open(fd, m.stamping())
		m.begun(&h.conn)
		if m.bound {
			h.owner = m.owners % len(m.seats)
			m.owners++
		}
		return h
	case err == nil:
		_ = sock.CloseFD(fd) // the limit of open files has been raised beyond its maximum at our start
		return nil
	case errors.Is(err, sock.ErrShort):
		d.set.unwatch()
		d.shortTill = flight.Now() + int64(sock.ShortPause)
	case errors.Is(err, sock.ErrEnded):
		d.set.unwatch() // it would be ready for ever
		d.ended = true
	}
	d.knocks = 0
	return nil
}

// turn waits once on the set, and ends what has waited too long.
func (d *demultiplexer) turn(t *serve.Thread) {
	now := flight.Now()
	if d.shortTill != 0 && now >= d.shortTill && !d.ended {
		d.shortTill = 0
		if err := d.set.watch(); err != nil {
			d.m.cfg.noteShort(err)
			d.shortTill = now + int64(sock.ShortPause)
		}
	}
	till := d.set.soonest.Load()
	if till <= now {
		till = d.expire(t, now)
	}
	if d.shortTill != 0 {
		till = min(till, d.shortTill)
	}
	if d.m.easing.Load() {
		till = min(till, now+int64(drainPause))
	}
	n, err := d.set.wait(d.events, now, till, d.n > 1)
	if err != nil {
		panic(fmt.Sprintf("reactor: %v", err)) // the set is not one any more: nothing can be served
	}
	d.next, d.n = 0, n
}

// drainPause is how often a draining server looks for connections that have
// come to wait.
const drainPause = 100 * time.Millisecond

// wait waits on the set until an absolute time. A busy one takes what is there
// first: that is most often something, and a call that does not block costs
// less.
func (s *handleSet) wait(events []unix.EpollEvent, now, till int64, busy bool) (int, error) {
	if busy {
		if n, err := s.epoll.Poll(events); n > 0 || err != nil {
			return n, err
		}
	}
	timeout := -1
	if till != never {
		timeout = int((max(till-now, 0) + int64(time.Millisecond) - 1) / int64(time.Millisecond))
	}
	// Either a deadline that is set now is seen, or whoever sets it sees that
	// this wait lasts too long.
	s.waitsTill.Store(till)
	if s.soonest.Load() < till {
		timeout = 0
	}
	n, err := s.epoll.Wait(events, timeout)
	s.waitsTill.Store(0)
	return n, err
}

// expire ends the connections of this set that have waited too long, and
// returns the earliest deadline of the rest.
func (d *demultiplexer) expire(t *serve.Thread, now int64) (soonest int64) {
	// What is set from here on is found in the word, what was set before in the table.
	d.set.soonest.Store(never)
	soonest = never
	for fd := range d.m.highest.Load() + 1 {
		h := d.m.table[fd].Load()
		if h == nil {
			continue
		}
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
		d.end(t, h, true)
	}
	d.set.due(soonest)
	return soonest
}

// giveBack lets a connection wait on that was evicted for nothing.
func (d *demultiplexer) giveBack(h *handle) {
	if !h.release() {
		d.pending.push(h)
	}
}

// drain ends the connections that are between requests, and those that linger
// for too long now.
func (d *demultiplexer) drain(t *serve.Thread) {
	now := flight.Now()
	for fd := range d.m.highest.Load() + 1 {
		if h := d.m.table[fd].Load(); h != nil && h.evict() {
			switch {
			case h.next.is(serve.Idle):
				d.end(t, h, false)
			case h.next.is(serve.Linger) && h.session != nil && h.session.Deadline() <= now:
				d.end(t, h, true)
			default:
				d.giveBack(h)
			}
		}
	}
}

// end closes a connection that the caller has evicted.
func (d *demultiplexer) end(t *serve.Thread, h *handle, late bool) {
	if late && h.session != nil {
		h.session.Expire(t)
		t.Set(serve.Leading)
	}
	d.m.close(h)
}

package mpm

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// serve serves a connection until it must wait for its peer.
func (c *core) serve(l *link) {
	c.seat.Log.Event(0)
	next, ok := c.step(l)
	if !ok || next == serve.Close {
		c.end(l)
	} else {
		c.await(l, next)
	}
	c.seat.Log.Flush()
}

// step has the session served, and sees to it that it stays with the
// connection if it holds something of it, and with the thread otherwise.
func (c *core) step(l *link) (next serve.Next, ok bool) {
	s := c.seat
	session := l.session
	if session == nil {
		session = s.session
		session.Reset(&l.conn)
	}
	defer func() {
		if v := recover(); v != nil {
			c.m.panicked(&s.Thread, v)
			if l.session == nil {
				s.session = c.m.cfg.Service.NewSession()
			}
			l.session = nil
		}
	}()
	next = session.Serve(&s.Thread)
	if next == serve.Close {
		return next, true
	}
	by := session.Deadline()
	// A peer that sends a byte now and then has its deadline looked at here,
	// before the clock comes to it.
	if next.Reads() && by != 0 && by <= flight.Now() {
		session.Expire(&s.Thread)
		return serve.Close, true
	}
	c.waitsFor(l, next)
	c.clock.at(l, by)
	switch keep := !session.Empty(); {
	case keep && l.session == nil:
		l.session, s.session = session, c.spareSession()
	case !keep && l.session != nil:
		l.session = nil
		c.putAside(session)
	}
	return next, true
}

// spareMost is how many sessions a thread keeps for connections to come.
const spareMost = 64

func (c *core) spareSession() serve.Session {
	n := len(c.spare)
	if n == 0 {
		return c.m.cfg.Service.NewSession()
	}
	session := c.spare[n-1]
	c.spare = c.spare[:n-1]
	return session
}

func (c *core) putAside(session serve.Session) {
	if len(c.spare) < spareMost {
		c.spare = append(c.spare, session) // others are left to the collector
	}
}

// await has the connection wait in the set, unless there is more to do for it:
// an edge is told when something arrives, not while it is there.
func (c *core) await(l *link, next serve.Next) {
	full := next == serve.WriteMore
	if full && !l.conn.Full() || !full && (l.ended || !l.conn.Drained()) {
		if !l.again {
			l.again = true
			c.again.push(l.token())
		}
		return
	}
	if l.inSet {
		return
	}
	l.inSet = true
	if err := c.epoll.Add(l.conn.FD(), unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, l.token()); err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		c.m.cfg.noteShort(fmt.Errorf("cannot wait for a connection: %w", err))
		c.end(l)
	}
}

// serveAgain serves each connection once that is in line by now.
func (c *core) serveAgain() {
	for n := c.again.len(); n > 0; n-- {
		if l := c.links.find(c.again.pop()); l != nil {
			l.again = false
			c.serve(l)
		}
	}
}

// expire ends a connection that has waited too long.
func (c *core) expire(l *link) {
	if l.session != nil {
		l.session.Expire(&c.seat.Thread)
	}
	c.end(l)
}

// sweep ends the connections that are between requests. Those that linger may
// do so for less long now.
func (c *core) sweep() {
	for _, l := range c.links.all {
		switch {
		case !l.open || l.again:
		case l.next == serve.Idle:
			c.end(l)
		case l.next == serve.Linger && l.session != nil:
			c.clock.at(l, l.session.Deadline())
		}
	}
}

// end closes a connection.
func (c *core) end(l *link) {
	c.clock.drop(l)
	c.waitsFor(l, serve.Close)
	if l.session != nil {
		c.putAside(l.session)
		l.session = nil
	}
	_ = sock.CloseFD(c.links.remove(l)) // the set forgets the descriptor with it
	c.alive.Store(int64(c.links.open))
}

package mpm

import (
	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// connection is what an architecture keeps of a connection that waits for its
// peer in an epoll set, without a thread. At most one thread at a time owns it.
type connection struct {
	conn    sock.Conn
	session serve.Session // when it holds something of the connection
	next    waitsFor
	inSet   bool // has been added to the epoll set
	ended   bool // the peer has ended its side, or the connection is broken
}

// begin makes it a new connection.
func (c *connection) begin(fd int, stamped bool) {
	c.conn.Reset(fd, false, stamped, nil)
	c.inSet, c.ended = false, false
}

// events are what a connection waits for in its set: with edges, whatever
// happens, told once.
func (c *connection) events(next serve.Next, edges bool) uint32 {
	switch {
	case edges:
		return unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	case next == serve.WriteMore:
		return unix.EPOLLOUT | unix.EPOLLONESHOT
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT
}

// note takes in what an event tells. It reports false where there is nothing to
// serve: there is room to write, as most often, and the session does not wait
// for that.
func (c *connection) note(events uint32) bool {
	if events&^unix.EPOLLOUT == 0 && !c.next.is(serve.WriteMore) {
		return false
	}
	if events&unix.EPOLLIN != 0 {
		c.conn.Edge()
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.ended = true
	}
	return true
}

// unfinished reports that there is something to do though no edge comes: the
// session stopped before all was read or written, or the peer's end has been
// told and not been read.
func (c *connection) unfinished(next serve.Next) bool {
	if next == serve.WriteMore {
		return !c.conn.Full()
	}
	return c.ended || !c.conn.Drained()
}

// stepSession serves the connection, which the caller owns, on the thread of seat
// s until it must wait for its peer. It returns what it waits for, and until
// when, ns; 0 is for ever. After serve.Close, also where the session panicked,
// the caller closes the connection. A session that holds something of its
// connection stays with it, any other with the thread.
func (m *server) stepSession(s *seat, c *connection) (next serve.Next, by int64) {
	session := c.session
	if session == nil {
		session = s.session
		session.Reset(&c.conn)
	}
	defer func() {
		if v := recover(); v != nil {
			m.panicked(&s.Thread, v)
			if c.session == nil {
				s.session = m.cfg.Service.NewSession()
			}
			c.session = nil
			next = serve.Close
		}
	}()
	if next = session.Serve(&s.Thread); next == serve.Close {
		return next, 0
	}
	by = session.Deadline()
	// A peer that sends a byte now and then keeps its connection from ever
	// being found waiting too long.
	if next.Reads() && by != 0 && by <= flight.Now() {
		session.Expire(&s.Thread)
		return serve.Close, 0
	}
	c.next.set(next)
	switch keep := !session.Empty(); {
	case keep && c.session == nil:
		c.session = session
		var ok bool
		if s.session, ok = s.spare.Pop(); !ok {
			s.session = m.cfg.Service.NewSession()
		}
	case !keep && c.session != nil:
		s.spareIts(c)
	}
	return next, by
}

// spareIts takes the connection's session away, if it has one, for others.
func (s *seat) spareIts(c *connection) {
	if c.session != nil {
		s.spare.Push(c.session) // a full ring leaves it to the collector
		c.session = nil
	}
}

// expire tells the session that its connection has waited too long, on the thread
// of seat s, which then is in the state that it was in.
func (s *seat) expire(c *connection) {
	if c.session != nil {
		before := serve.State(s.State.Load())
		c.session.Expire(&s.Thread)
		s.Set(before)
	}
}

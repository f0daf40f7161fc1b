package mpm

import (
	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// connection is the state of a connection that can wait for its peer in an
// epoll set, without a thread. At most one thread at a time owns it.
type connection struct {
	conn    sock.Conn
	session serve.Session // set while it holds state of the connection
	next    waitsFor
	inSet   bool // was added to the epoll set
	ended   bool // the peer has closed its side, or the connection is broken
}

// begin resets c for a new connection.
func (c *connection) begin(fd int, stamped bool) {
	c.conn.Reset(fd, false, stamped, nil)
	c.inSet, c.ended = false, false
}

// events returns the epoll events that a connection waits for. With edges these
// are all events, edge-triggered; otherwise what next needs, once.
func (c *connection) events(next serve.Next, edges bool) uint32 {
	switch {
	case edges:
		return unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	case next == serve.WriteMore:
		return unix.EPOLLOUT | unix.EPOLLONESHOT
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT
}

// note records an event. It returns false if there is nothing to serve: the
// event says only that there is room to write, as most events do, and the
// session does not wait for that.
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

// unfinished reports whether there is something to do although no edge will
// come: the session stopped before all was read or written, or the end of the
// peer's data was reported and not read.
func (c *connection) unfinished(next serve.Next) bool {
	if next == serve.WriteMore {
		return !c.conn.Full()
	}
	return c.ended || !c.conn.Drained()
}

// stepSession makes the session serve a connection that the caller owns, on the
// thread of seat s, until it must wait for its peer. It returns what it waits
// for and the deadline, ns; 0 means none. After serve.Close, also if the
// session panicked, the caller closes the connection. A session that holds
// state of the connection stays with it; otherwise it stays with the thread.
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
	// Without this, a connection whose peer sends a byte now and then might
	// never be waiting when deadlines are checked.
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

// spareIts takes the connection's session, if any, for later connections.
func (s *seat) spareIts(c *connection) {
	if c.session != nil {
		s.spare.Push(c.session) // if the ring is full, the garbage collector frees it
		c.session = nil
	}
}

// expire tells the connection's session, if it has one, that it has waited too
// long. It runs on the thread of seat s and restores that thread's state.
func (s *seat) expire(c *connection) {
	if c.session != nil {
		before := serve.State(s.State.Load())
		c.session.Expire(&s.Thread)
		s.Set(before)
	}
}

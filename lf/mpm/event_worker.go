package mpm

import (
	"log/slog"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// work is a worker thread.
func (m *event) work(id int) {
	s := &m.seats[id]
	for {
		s.Set(serve.Waiting)
		s.Log.Flush()
		item, slept, ok := m.queue.Take(id - 1)
		if !ok {
			return
		}
		s.Log.Leads(item.seq, slept)
		s.Handoffs.Add(1)
		m.serveHeld(s, item.c)
	}
}

// serveHeld serves a connection until it must wait for its peer.
func (m *event) serveHeld(s *seat, c *held) {
	if !c.inSet { // its first turn: the listener has no row on a scoreboard
		s.Connections.Add(1)
	}
	next, ok := m.step(s, c)
	if !ok || next == serve.Close {
		m.close(c)
		return
	}
	events := uint32(unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT)
	if next == serve.WriteMore {
		events = unix.EPOLLOUT | unix.EPOLLONESHOT
	}
	if next == serve.Linger {
		m.lingers(c)
	}
	m.park(c, events)
}

// step has the session served, and sees to it that it stays with the
// connection if it holds something of it, and with the worker otherwise.
func (m *event) step(s *seat, c *held) (next serve.Next, ok bool) {
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
		}
	}()
	next = session.Serve(&s.Thread)
	// A peer that sends a byte now and then keeps its connection out of the
	// listener's sight: whenever that looks, there is something to read.
	if by := session.Deadline(); next.Reads() && by != 0 && by <= flight.Now() {
		session.Expire(&s.Thread)
		next = serve.Close
	}
	if next == serve.Close {
		return next, true
	}
	c.next.set(next)
	c.deadline = session.Deadline()
	switch keep := !session.Empty(); {
	case keep && c.session == nil:
		c.session, s.session = session, m.spareSession()
	case !keep && c.session != nil:
		c.session = nil
		m.sessions.Push(session) // a full ring leaves it to the collector
	}
	return next, true
}

func (m *event) spareSession() serve.Session {
	if session, ok := m.sessions.Pop(); ok {
		return session
	}
	return m.cfg.Service.NewSession()
}

// park puts the connection into the set. From the epoll_ctl on, it may belong
// to somebody else, and even be another connection.
func (m *event) park(c *held, events uint32) {
	fd, first := c.conn.FD(), !c.inSet
	c.inSet = true
	if first && m.inSet.Add(1) == 1 {
		m.kickListener() // it may be waiting without a timeout
	}
	turn, token := c.arm()
	var err error
	if first {
		err = m.epoll.Add(fd, events, token)
	} else {
		err = m.epoll.Modify(fd, events, token)
	}
	if err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		slog.Warn("cannot wait for connection, closing it", "error", err)
		c.disarmed(turn)
		m.close(c)
		return
	}
	c.armed(turn)
	if m.draining.Load() {
		m.kickListener()
	}
}

// close closes a connection that the caller has.
func (m *event) close(c *held) {
	if c.session != nil {
		m.sessions.Push(c.session)
		c.session = nil
	}
	if c.inSet {
		m.inSet.Add(-1)
	}
	lingered := c.lingers
	_ = sock.CloseFD(c.shut()) // the set forgets the descriptor with it
	m.left(lingered)
}

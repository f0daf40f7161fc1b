package mpm

import (
	"fmt"

	"lflab/lf/serve"
	"lflab/lf/sock"
)

// serve serves a connection until it must wait for its peer.
func (c *core) serve(l *link) {
	c.seat.Log.Event(0)
	if next, by := c.m.stepSession(c.seat, &l.connection); next == serve.Close {
		c.end(l)
	} else {
		c.timers.at(l, by)
		c.await(l, next)
	}
	c.seat.Log.Flush()
}

// await has the connection wait in the set, unless there is more to do for it:
// an edge is told when something arrives, not while it is there.
func (c *core) await(l *link, next serve.Next) {
	if l.unfinished(next) {
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
	if err := c.set.Add(l.conn.FD(), l.events(next, true), l.token()); err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		c.m.noteShort(fmt.Errorf("cannot wait for a connection: %w", err))
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
	c.seat.expire(&l.connection)
	c.end(l)
}

// sweep ends the connections that are between requests. Those that linger may
// do so for less long now.
func (c *core) sweep() {
	for _, l := range c.links.all {
		switch {
		case !l.open || l.again:
		case l.next.is(serve.Idle):
			c.end(l)
		case l.next.is(serve.Linger) && l.session != nil:
			c.timers.at(l, l.session.Deadline())
		}
	}
}

// end closes a connection.
func (c *core) end(l *link) {
	c.timers.drop(l)
	c.seat.spareIts(&l.connection)
	_ = sock.CloseFD(c.links.remove(l)) // the set forgets the descriptor with it
	c.alive.Store(int64(c.links.open))
}

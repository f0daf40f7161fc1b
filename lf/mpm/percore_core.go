package mpm

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// core is one thread of percore and all that belongs to it.
//
// A connection that must wait for its peer is added to the epoll set once,
// edge-triggered for both directions, and stays there. So a request costs a
// read, a write, and its share of an epoll_wait. A connection that is answered
// and closed at once is never added.
type core struct {
	m      *percore
	seat   *seat
	set    *sock.Poller
	events []unix.EpollEvent

	links  links
	timers timingWheel
	again  fifo[uint64] // tokens of connections to be served once more

	busy   bool // the last turn had more than one event
	asked  bool // the last turn had a new connection, and there is one listener
	single bool // there is one listener
	swept  bool // the server drains, and idle connections were closed
}

func newCore(m *percore, s *seat, waker *sock.Waker) (*core, error) {
	own, err := m.listenersOf(s.ID)
	if err != nil {
		return nil, err
	}
	set, err := m.poller(waker, own)
	if err != nil {
		return nil, err
	}
	s.spare = cas.NewRing[serve.Session](64)
	return &core{m: m, seat: s, set: set, events: make([]unix.EpollEvent, batch), single: len(own) == 1}, nil
}

// run is the loop of the thread.
func (c *core) run() {
	c.timers.begin(flight.Now())
	for !c.m.stopped.Load() || c.links.open.Load() > 0 {
		c.turn()
	}
}

// turn waits once, and serves what is ready.
func (c *core) turn() {
	draining, stopped := c.m.draining.Load(), c.m.stopped.Load() // read before the set is, so that what has arrived by now is served
	now := flight.Now()
	c.timers.expire(now, c.expire)
	if stopped && c.links.open.Load() == 0 {
		return // the last one was just closed, and nothing would end the wait
	}
	c.set.Resume()
	c.seat.Set(serve.Waiting)
	n, err := c.wait(now, draining && !c.swept)
	if err != nil {
		panic(fmt.Sprintf("percore: %v", err)) // the set is unusable: nothing can be served
	}
	c.busy = n > 1
	var ready sock.Ready
	for i := range n {
		e := &c.events[i]
		if token := sock.Token(e); !ready.Note(token) {
			if l := c.links.find(token); l != nil && l.note(e.Events) {
				c.serve(l)
			}
		}
	}
	c.serveAgain()
	asked := ready != 0 && c.single
	if ready != 0 {
		c.accept(&ready)
	}
	c.asked = asked
	if !draining {
		return
	}
	if c.swept = n < len(c.events); c.swept {
		c.sweep()
	}
}

// wait waits on the set until a deadline comes near. A busy thread polls first,
// because it usually finds something, and a call that does not block costs
// less. If look is set or again is not empty, it only polls.
func (c *core) wait(now int64, look bool) (int, error) {
	if look = look || !c.again.empty(); look || c.busy {
		if n, err := c.set.Poll(c.events); look || n > 0 || err != nil {
			return n, err
		}
	}
	return c.set.WaitTill(c.events, now, min(c.timers.soonest(), c.set.ResumeAt()))
}

// accept accepts a connection and serves it. If the last turn had some as well,
// it accepts up to batch of them; otherwise one, which saves the call that
// would find none. The set reports the rest again.
func (c *core) accept(ready *sock.Ready) {
	for range batch {
		fd, err := c.set.Accept(ready)
		if err != nil {
			return
		}
		c.m.took()
		l := c.links.add(fd, c.m.stamping())
		c.m.begun(&l.conn)
		c.seat.Connections.Add(1)
		c.serve(l)
		if !c.asked {
			return
		}
	}
}

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

// await lets the connection wait in the set, or puts it into again if there is
// more to do, because an edge reports an arrival, not data that is there.
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

// serveAgain serves once each connection that is in again now.
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

// sweep ends the connections that are between requests. It updates the
// deadlines of those that linger, because a drain shortens them.
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
	_ = sock.CloseFD(c.links.remove(l)) // this also removes it from the set
}

package mpm

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// core is one thread of percore with all that is its own.
//
// A connection that must wait for its peer is put into the epoll set once,
// edge-triggered for both directions, and stays: a request costs a read, a
// write, and its part of an epoll_wait. One that is answered and closed at
// once is never in the set.
type core struct {
	m      *percore
	seat   *seat
	set    *sock.Poller
	events []unix.EpollEvent

	links  links
	timers timingWheel
	again  fifo[uint64] // tokens of connections that are to be served once more

	busy   bool // there was more than one event in the last turn
	asked  bool // somebody wanted to connect in the last turn, too, and there is one listener
	single bool // there is one listener
	swept  bool // the server ends, and idle connections have been closed
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

// run is the thread.
func (c *core) run() {
	c.timers.begin(flight.Now())
	for !c.m.stopped.Load() || c.links.open.Load() > 0 {
		c.turn()
	}
}

// turn waits once, and does what is to be done.
func (c *core) turn() {
	draining, stopped := c.m.draining.Load(), c.m.stopped.Load() // before the set is looked at: what has arrived by now is served
	now := flight.Now()
	c.timers.expire(now, c.expire)
	if stopped && c.links.open.Load() == 0 {
		return // the last one has just gone, and nothing would end the wait
	}
	c.set.Resume()
	c.seat.Set(serve.Waiting)
	n, err := c.wait(now, draining && !c.swept)
	if err != nil {
		panic(fmt.Sprintf("percore: %v", err)) // the set is not one any more: nothing can be served
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

// wait waits on the set, until a deadline comes near. A busy thread takes what
// is there first: that is most often something, and a call that does not block
// costs less.
func (c *core) wait(now int64, look bool) (int, error) {
	if look = look || !c.again.empty(); look || c.busy {
		if n, err := c.set.Poll(c.events); look || n > 0 || err != nil {
			return n, err
		}
	}
	return c.set.WaitTill(c.events, now, min(c.timers.soonest(), c.set.ResumeAt()))
}

// accept takes a connection and serves it; when there were some in the last
// turn as well, all that there are. A thread that is seldom asked is spared
// the call that finds nothing; the set tells of what is left.
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
}

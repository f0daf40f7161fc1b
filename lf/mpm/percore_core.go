package mpm

import (
	"fmt"
	"sync/atomic"

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

	_     [128]byte
	alive atomic.Int64 // connections that are open, for others to read
	_     [128]byte
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
	for !c.m.stopped.Load() || c.links.open > 0 {
		c.turn()
	}
}

// turn waits once, and does what is to be done.
func (c *core) turn() {
	draining, stopped := c.m.draining.Load(), c.m.stopped.Load() // before the set is looked at: what has arrived by now is served
	now := flight.Now()
	c.timers.expire(now, c.expire)
	if stopped && c.links.open == 0 {
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
	till := c.timers.soonest()
	if short := c.set.ShortTill(); short != 0 {
		till = min(till, short)
	}
	return c.set.WaitTill(c.events, now, till)
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
		c.alive.Store(int64(c.links.open))
		c.seat.Connections.Add(1)
		c.serve(l)
		if !c.asked {
			return
		}
	}
}

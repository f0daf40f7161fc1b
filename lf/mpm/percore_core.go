package mpm

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

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
	door   *entrance
	opened []*sock.Listener // of those, to be closed
	epoll  *sock.Epoll
	events []unix.EpollEvent

	links links
	clock clock
	again line[uint64] // tokens of connections that are to be served once more
	spare []serve.Session

	busy      bool  // there was more than one event in the last turn
	knocked   bool  // somebody wanted to connect in the last turn, too, and there is one listener
	watched   bool  // the listeners are in the set
	shortTill int64 // until when not to accept, after a shortage, ns; 0 none
	swept     bool  // the server ends, and idle connections have been closed

	_     [128]byte
	alive atomic.Int64                   // connections that are open, for others to read
	waits [serve.Linger + 1]atomic.Int64 // of them, by what they waited for last; those that never did are not counted
	_     [128]byte
}

func (c *core) open() (err error) {
	c.events = make([]unix.EpollEvent, batch)
	c.door = c.m.cfg.entrance()
	if c.door.listeners, c.opened, err = c.m.listen(c.seat.ID); err != nil {
		return err
	}
	if c.epoll, err = sock.NewEpoll(); err != nil {
		return err
	}
	if err = c.door.doNotWait(); err != nil {
		return err
	}
	if err = c.epoll.Add(c.m.kick, unix.EPOLLIN|unix.EPOLLET, kickToken); err != nil {
		return fmt.Errorf("add eventfd to epoll set: %w", err)
	}
	return c.watch()
}

// close gives back what open got.
func (c *core) close() error {
	var errs []error
	if c.epoll != nil {
		errs = append(errs, c.epoll.Close())
	}
	for _, l := range c.opened {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// run is the thread.
func (c *core) run() {
	c.clock.begin(flight.Now())
	for !c.m.draining.Load() || c.links.open > 0 {
		c.turn()
	}
}

// turn waits once, and does what is to be done.
func (c *core) turn() {
	easing, draining := c.m.easing.Load(), c.m.draining.Load() // before the set is looked at: what has arrived by now is served
	now := flight.Now()
	c.clock.expire(now, c.expire)
	if draining && c.links.open == 0 {
		return // the last one has just gone, and nothing would end the wait
	}
	c.mindListener(now)
	c.seat.Set(serve.Waiting)
	n, err := c.wait(now, easing && !c.swept)
	if err != nil {
		panic(fmt.Sprintf("percore: %v", err)) // the set is not one any more: nothing can be served
	}
	c.busy = n > 1
	var knocks knocks
	for i := range n {
		e := &c.events[i]
		if token := sock.Token(e); token == kickToken || knocks.hear(token) {
			continue
		} else if l := c.links.find(token); l != nil {
			if e.Events == unix.EPOLLOUT && l.next != serve.WriteMore {
				continue // that there is room is told of every new connection
			}
			if e.Events&unix.EPOLLIN != 0 {
				l.conn.Edge()
			}
			if e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
				l.ended = true
			}
			c.serve(l)
		}
	}
	c.serveAgain()
	if knocks != 0 {
		c.accept(&knocks)
	}
	c.knocked = knocks != 0 && len(c.door.listeners) == 1
	if !easing {
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
		if n, err := c.epoll.Poll(c.events); look || n > 0 || err != nil {
			return n, err
		}
	}
	till := c.clock.soonest()
	if c.shortTill != 0 {
		till = min(till, c.shortTill)
	}
	timeout := -1
	if till != never {
		timeout = int((max(till-now, 0) + int64(time.Millisecond) - 1) / int64(time.Millisecond))
	}
	return c.epoll.Wait(c.events, timeout)
}

// accept takes a connection and serves it; when there were some in the last
// turn as well, all that there are. A thread that is seldom asked is spared
// the call that finds nothing; the set tells of what is left.
func (c *core) accept(k *knocks) {
	for range batch {
		fd, err := c.door.accept(k)
		switch {
		case err == nil:
			c.m.took()
			l := c.links.add(fd, c.m.stamping())
			c.m.begun(&l.conn)
			c.alive.Store(int64(c.links.open))
			c.seat.Connections.Add(1)
			c.serve(l)
		case errors.Is(err, sock.ErrShort):
			c.unwatch()
			c.shortTill = flight.Now() + int64(sock.ShortPause)
			return
		case errors.Is(err, sock.ErrEnded):
			c.unwatch() // it would be ready for ever
			return
		default:
			return
		}
		if !c.knocked {
			return
		}
	}
}

// mindListener puts the listener back into the set when a shortage may be over.
func (c *core) mindListener(now int64) {
	if c.shortTill == 0 || now < c.shortTill {
		return
	}
	c.shortTill = 0
	if err := c.watch(); err != nil {
		c.m.cfg.noteShort(err)
		c.shortTill = now + int64(sock.ShortPause)
	}
}

// waitsFor notes what a connection waits for. One that is kept mostly waits
// for what it waited for before.
func (c *core) waitsFor(l *link, next serve.Next) {
	if l.next == next {
		return
	}
	if l.next != serve.Close {
		w := &c.waits[l.next]
		w.Store(w.Load() - 1)
	}
	if l.next = next; next != serve.Close {
		w := &c.waits[next]
		w.Store(w.Load() + 1)
	}
}

func (c *core) watch() error {
	if err := c.door.watch(c.epoll); err != nil {
		return err
	}
	c.watched = true
	return nil
}

func (c *core) unwatch() {
	if c.watched {
		c.door.unwatch(c.epoll)
		c.watched = false
	}
}

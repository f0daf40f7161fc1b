package mpm

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// desk is what the listener thread works with; nobody else touches it.
type desk struct {
	events    []unix.EpollEvent
	pending   line[*held] // taken from the set, to be handed over
	knocks    knocks      // who wants to connect
	listening bool        // the listener has not ended
	watched   bool        // the listener is in the set
	shortTill int64       // until when not to accept, after a shortage, ns; 0 none
	row       int         // of full batches
	lookAgain int64       // when to look for passed deadlines, ns
	seq       uint64      // of the next hand-off
	crowded   bool        // no more connections may be open
	staff     int64       // workers that have not been sent away
	rubbish   [4 << 10]byte
}

// tick is how often deadlines are looked at while connections wait.
const tick = 100 * time.Millisecond

func newDesk() desk {
	return desk{events: make([]unix.EpollEvent, 64), listening: true, seq: 1}
}

// listen is the listener thread.
func (m *event) listen() {
	s, d := &m.seats[0], &m.desk
	s.Set(serve.Leading)
	d.staff = int64(len(m.seats) - 1)
	for !m.draining.Load() || m.alive.Load() > 0 {
		m.mindListener()
		m.dismiss()
		if d.pending.empty() {
			s.Log.Arms()
			m.turn(true)
		} else {
			m.turn(false) // who knocks is not to wait until nobody else asks
		}
		// More may become pending while a worker is waited for: they are handed over
		// in the next round, behind a new connection.
		for range d.pending.len() {
			c := d.pending.pop()
			if m.sheds(c) {
				continue
			}
			m.queue.Reserve()
			m.handOver(s, c)
		}
		if d.knocks != 0 {
			m.accept(s)
		}
	}
	m.queue.Close()
}

// turn waits once on the set, or looks at it, notes what is to be done, and ends
// what has waited too long.
func (m *event) turn(wait bool) {
	d := &m.desk
	timeout := -1
	if !wait {
		timeout = 0
	} else if m.inSet.Load() > 0 || d.shortTill != 0 || m.easing.Load() {
		timeout = int(tick / time.Millisecond)
	}
	n, err := m.epoll.Wait(d.events, timeout)
	if err != nil {
		panic(fmt.Sprintf("event: %v", err)) // the set is not one any more: nothing can be served
	}
	for i := range n {
		switch token := sock.Token(&d.events[i]); {
		case token == kickToken, d.knocks.hear(token):
		default:
			if c := m.table[uint32(token)].Load(); c != nil && c.take(uint32(token>>32)) && !m.sheds(c) {
				d.pending.push(c)
			}
		}
	}
	// A full batch may have left some that are ready: they are not late, they
	// have only not been looked at. A row of them has had them all in the end.
	if d.row++; n < len(d.events) || int64(d.row*len(d.events)) > m.alive.Load() {
		d.row = 0
		m.endWaits()
	}
}

// handOver gives the connection to the worker that is reserved.
func (m *event) handOver(s *seat, c *held) {
	seq := m.desk.seq
	m.desk.seq++
	s.Log.Event(seq)
	s.Log.Passes()
	m.queue.Put(ready{c, seq})
	s.Log.Published()
	m.queue.Wake()
	s.Log.Woke()
}

// accept takes one connection, after it has reserved a worker. If there are
// more, the set says so again, together with what else has become ready.
func (m *event) accept(s *seat) {
	d := &m.desk
	if d.crowded = m.crowded(); d.crowded {
		d.knocks = 0
		m.unwatch()
		return
	}
	m.queue.Reserve()
	fd, err := m.door.accept(&d.knocks)
	d.knocks = 0
	switch {
	case err == nil && fd < len(m.table):
		m.took()
		m.alive.Add(1)
		c := m.heldOf(fd)
		c.open(fd, m.stamping())
		m.begun(&c.conn)
		m.handOver(s, c)
	case err == nil:
		_ = sock.CloseFD(fd) // the limit of open files has been raised beyond its maximum at our start
	case errors.Is(err, sock.ErrShort):
		m.unwatch()
		d.shortTill = flight.Now() + int64(sock.ShortPause)
	case errors.Is(err, sock.ErrEnded):
		m.unwatch() // it would be ready for ever
		d.listening = false
	}
}

func (m *event) heldOf(fd int) *held {
	c := m.table[fd].Load()
	if c == nil {
		c = new(held)
		m.table[fd].Store(c)
		m.highest.Store(max(m.highest.Load(), int64(fd)))
	}
	return c
}

// mindListener keeps the listener in the set while connections can be taken.
func (m *event) mindListener() {
	d := &m.desk
	if m.draining.Load() {
		d.listening = false
		m.unwatch()
	}
	if d.watched || !d.listening || d.shortTill != 0 && flight.Now() < d.shortTill {
		return
	}
	if d.crowded {
		if d.crowded = m.crowded(); d.crowded {
			return
		}
	}
	d.shortTill = 0
	if err := m.watch(); err != nil {
		m.cfg.noteShort(err)
		d.shortTill = flight.Now() + int64(sock.ShortPause)
	}
}

func (m *event) watch() error {
	if err := m.door.watch(m.epoll); err != nil {
		return err
	}
	m.desk.watched = true
	return nil
}

func (m *event) unwatch() {
	if m.desk.watched {
		m.door.unwatch(m.epoll)
		m.desk.watched = false
	}
}

// endWaits closes the connections whose deadline has passed, and in a drain
// those between requests.
func (m *event) endWaits() {
	s, d := &m.seats[0], &m.desk
	if m.inSet.Load() == 0 {
		return
	}
	draining, now := m.easing.Load(), flight.Now()
	if now < d.lookAgain && !draining {
		return
	}
	d.lookAgain = now + int64(tick)
	for fd := range m.highest.Load() + 1 {
		c := m.table[fd].Load()
		if c == nil || !c.waits() {
			continue
		}
		by := c.deadline
		if draining && c.session != nil && c.next.is(serve.Linger) {
			by = c.session.Deadline() // which has come nearer
		}
		late := by != 0 && by <= now
		if !late && !(draining && c.next.is(serve.Idle)) {
			continue
		}
		if late && c.session != nil {
			c.session.Expire(&s.Thread)
			s.Set(serve.Leading)
		}
		m.close(c)
	}
}

// bed is what the listener sleeps on while all workers are busy: the set, but
// for the listener in it, so that deadlines are kept and a drain is noticed. A
// worker that comes home kicks it.
type bed struct{ m *event }

func (b bed) Park() {
	b.m.unwatch()
	b.m.turn(true)
}

func (b bed) ParkUntil(int64) bool {
	b.Park()
	return false
}

func (b bed) Unpark() (woke bool) {
	b.m.kickListener()
	return true
}

func (b bed) Close() error { return nil }

package mpm

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/queue"
)

// event has a listener thread (seat 0) that holds the listener and every
// connection that waits for its peer in one epoll set, and workers that serve
// a connection only while there is something to do: idle keep-alive
// connections, half-sent requests and half-read responses cost no worker.
//
// A connection that waits belongs to the set; EPOLLONESHOT gives it to the
// listener once, which hands it to a worker, which puts it back. So one thread
// at a time has it, and only the listener takes one out of the set: for an
// event, a passed deadline, or the drain.
type event struct {
	*crew
	epoll    *sock.Epoll
	kick     int // eventfd that wakes the listener
	queue    *queue.Queue[ready]
	table    []atomic.Pointer[held] // by descriptor
	highest  atomic.Int64           // descriptor ever held
	inSet    atomic.Int64           // connections that have been put into the set and are open
	alive    atomic.Int64           // connections that are open
	sessions *cas.Ring[serve.Session]
	nextScan int64 // for passed deadlines; the listener's alone
}

// ready is the item that crosses from the listener to a worker.
type ready struct {
	c   *held
	seq uint64
}

// held is a connection. It is reused for all connections with its descriptor.
type held struct {
	conn    sock.Conn
	session serve.Session // when it holds something of the connection
	inSet   bool          // has been added to the epoll set

	// state is the incarnation << 2 | one of the values below. While waiting,
	// only the listener may change it.
	state    atomic.Uint64
	next     serve.Next // what it waits for
	deadline int64
}

const (
	closedState uint64 = iota
	served             // a worker has it
	arming             // put into the set, epoll_ctl may not have returned
	waiting            // in the set
	stateMask   = 3
)

// Tokens that are not connections.
const (
	listenerToken = ^uint64(0)
	kickToken     = ^uint64(0) - 1
)

// tick is how often deadlines are looked at while connections wait, ms.
const tick = 100

func newEvent(cfg Config) (MPM, error) {
	m := &event{crew: newCrew("event", cfg, cfg.Threads), kick: -1}
	if err := m.setUp(); err != nil {
		if m.epoll != nil {
			m.epoll.Close()
		}
		if m.kick >= 0 {
			unix.Close(m.kick)
		}
		return nil, err
	}
	return m, nil
}

func (m *event) setUp() (err error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	m.table = make([]atomic.Pointer[held], min(limit.Max, 1<<20))
	m.sessions = cas.NewRing[serve.Session](1 << 10)
	if m.queue, err = queue.New[ready](m.cfg.Threads-1, m.cfg.Parker, m.cfg.Park); err != nil {
		return err
	}
	if m.epoll, err = sock.NewEpoll(); err != nil {
		return err
	}
	if m.kick, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("make eventfd: %w", err)
	}
	if err = m.cfg.Listener.DoNotWait(); err != nil {
		return err
	}
	if err = m.epoll.Add(m.kick, unix.EPOLLIN|unix.EPOLLET, kickToken); err != nil {
		return fmt.Errorf("add eventfd to epoll set: %w", err)
	}
	if err = m.epoll.Add(m.cfg.Listener.FD(), unix.EPOLLIN, listenerToken); err != nil {
		return fmt.Errorf("add listener to epoll set: %w", err)
	}
	return nil
}

func (m *event) Start() error {
	m.spawn(func(id int) {
		if id == 0 {
			m.listen()
		} else {
			m.work(id)
		}
	})
	return nil
}

// Drain implements MPM: it wakes the listener, which does the rest.
func (m *event) Drain() {
	m.crew.drain()
	m.kickListener()
}

func (m *event) kickListener() {
	one := [8]byte{1}
	_, _ = unix.Write(m.kick, one[:]) // full means that a wake-up is under way
}

func (m *event) Wait() {
	m.crew.Wait()
	_ = m.queue.Free() // what is left of these ends with the process
	_ = m.epoll.Close()
	_ = unix.Close(m.kick)
}

// listen is the listener thread.
func (m *event) listen() {
	s := &m.seats[0]
	s.Set(serve.Leading)
	events := make([]unix.EpollEvent, 64)
	for seq, listening := uint64(1), true; ; {
		if m.draining.Load() {
			m.endIdle()
			if !listening && m.alive.Load() == 0 {
				m.queue.Close()
				return
			}
		}
		timeout := -1
		if m.inSet.Load() > 0 || m.draining.Load() {
			timeout = tick
		}
		s.Log.Arms()
		n, err := m.epoll.Wait(events, timeout)
		if err != nil {
			slog.Error("event listener ends", "error", err) // the set's own descriptor is gone: a defect
			m.queue.Close()
			return
		}
		for i := range n {
			switch token := sock.Token(&events[i]); token {
			case kickToken:
			case listenerToken:
				if listening {
					listening = m.accept(s, &seq)
				}
			default:
				if c := m.table[uint32(token)].Load(); c != nil && c.take(token>>32) {
					m.handOver(s, ready{c, seq})
					seq++
				}
			}
		}
		m.expire(s)
	}
}

// take claims a waiting connection for the listener, if it still is the
// incarnation that the event was for.
func (c *held) take(incarnation uint64) bool {
	st := c.state.Load()
	for st>>2&0xffffffff == incarnation && (st&stateMask == arming || st&stateMask == waiting) {
		if c.state.CompareAndSwap(st, st&^stateMask|served) {
			return true
		}
		st = c.state.Load() // arming became waiting meanwhile
	}
	return false
}

// accept takes connections for as long as there are idle workers; it returns
// false when the listener has ended.
func (m *event) accept(s *seat, seq *uint64) bool {
	for first := true; ; first = false {
		// Reserve before accept. The first may be waited for: with all
		// workers busy there is nothing better to do.
		if first {
			m.queue.Reserve()
		} else if !m.queue.TryReserve() {
			return true
		}
		fd, err := m.cfg.Listener.Accept()
		switch {
		case errors.Is(err, sock.ErrEnded):
			_ = m.epoll.Remove(m.cfg.Listener.FD()) // it would be ready for ever
			return false
		case err != nil:
			return true
		case fd >= len(m.table):
			unix.Close(fd) // beyond the limit of open files: cannot be
			return true
		}
		c := m.table[fd].Load()
		if c == nil {
			c = new(held)
			m.table[fd].Store(c)
			if int64(fd) > m.highest.Load() {
				m.highest.Store(int64(fd))
			}
		}
		c.conn.Reset(fd, false, m.cfg.Listener.Stamping(), nil)
		c.inSet = false
		c.state.Store((c.state.Load()>>2+1)<<2 | served)
		m.alive.Add(1)
		s.Connections.Add(1)
		m.handOver(s, ready{c, *seq})
		*seq++
	}
}

func (m *event) handOver(s *seat, item ready) {
	s.Log.Event(item.seq)
	m.queue.Reserve()
	s.Log.Passes()
	m.queue.Put(item)
	s.Log.Published()
	m.queue.Wake()
	s.Log.Woke()
}

// expire ends the connections whose deadline has passed.
func (m *event) expire(s *seat) {
	if m.inSet.Load() == 0 {
		return
	}
	now := flight.Now()
	if now < m.nextScan {
		return
	}
	m.nextScan = now + tick*1e6
	m.forEachWaiting(func(c *held) {
		if c.deadline != 0 && c.deadline <= now {
			m.claim(c, func() {
				if c.session != nil {
					c.session.Expire(&s.Thread)
				}
			})
		}
	})
}

// endIdle closes the connections that wait between requests.
func (m *event) endIdle() {
	m.forEachWaiting(func(c *held) {
		if c.next == serve.Idle {
			m.claim(c, func() {})
		}
	})
}

// forEachWaiting calls f with every connection that is in the set. Only the
// listener may call it: nobody else takes connections out.
func (m *event) forEachWaiting(f func(*held)) {
	for fd := range m.highest.Load() + 1 {
		if c := m.table[fd].Load(); c != nil && c.state.Load()&stateMask == waiting {
			f(c)
		}
	}
}

// claim takes a waiting connection out of the set, does what is to be done,
// and closes it. An event for it that epoll has reported already finds the
// next incarnation.
func (m *event) claim(c *held, do func()) {
	st := c.state.Load()
	if st&stateMask == waiting && c.state.CompareAndSwap(st, st&^stateMask|served) {
		do()
		m.close(c)
	}
}

// close closes a connection that the caller has.
func (m *event) close(c *held) {
	if c.session != nil {
		m.sessions.Push(c.session) // a full ring leaves it to the collector
		c.session = nil
	}
	if c.inSet {
		m.inSet.Add(-1)
	}
	c.state.Store(c.state.Load()&^stateMask | closedState)
	_ = c.conn.Close() // the set forgets the descriptor with it
	if m.alive.Add(-1) == 0 && m.draining.Load() {
		m.kickListener()
	}
}

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
		m.work1(s, item.c)
	}
}

// work1 serves a connection until it must wait for its peer.
func (m *event) work1(s *seat, c *held) {
	session := c.session
	if session == nil {
		session = s.session
		session.Reset(&c.conn)
	}
	next := session.Serve(&s.Thread)
	if next == serve.Close {
		m.close(c)
		return
	}
	switch keep := !session.Empty(); {
	case keep && session == s.session:
		c.session = session
		s.session = m.spareSession()
	case !keep && session != s.session:
		c.session = nil
		m.sessions.Push(session)
	}
	c.next, c.deadline = next, session.Deadline()
	events := uint32(unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT)
	if next == serve.WriteMore {
		events = unix.EPOLLOUT | unix.EPOLLONESHOT
	}
	m.park(c, events)
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
	incarnation := c.state.Load() >> 2
	token := uint64(uint32(fd)) | incarnation<<32
	c.inSet = true
	if first && m.inSet.Add(1) == 1 {
		m.kickListener() // it may be waiting without a timeout
	}
	c.state.Store(incarnation<<2 | arming)
	var err error
	if first {
		err = m.epoll.Add(fd, events, token)
	} else {
		err = m.epoll.Modify(fd, events, token)
	}
	if err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		slog.Warn("cannot wait for connection, closing it", "error", err)
		c.state.Store(incarnation<<2 | served)
		m.close(c)
		return
	}
	// Fails when the listener has taken it already.
	c.state.CompareAndSwap(incarnation<<2|arming, incarnation<<2|waiting)
	if m.draining.Load() {
		m.kickListener()
	}
}

func (m *event) Status() serve.Status {
	st := m.status()
	st.Primitive = m.cfg.Parker.Name
	addQueueStats(st, m.queue.Stats())
	st.Counters["connections_open"] = uint64(m.alive.Load())
	st.Counters["connections_in_set"] = uint64(m.inSet.Load())
	return st
}

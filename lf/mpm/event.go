package mpm

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/queue"
)

var eventKind = Kind{
	Name:         "event",
	Doc:          "a listener thread holds listener, idle and slow connections in epoll; workers serve ready ones",
	Async:        true,
	MinThreads:   2,
	Parks:        true,
	ListenerSeat: true,
	Capped:       true,
	Shape:        flight.Items,
	New:          newEvent,
}

// event has a listener thread (seat 0) that holds the listener and every
// connection that waits for its peer in one epoll set, and workers that serve
// a connection only while there is something to do: idle keep-alive
// connections, half-sent requests and half-read responses cost no worker.
//
// A connection that waits belongs to the set; EPOLLONESHOT gives it to the
// listener once, which hands it to a worker, which puts it back. So one thread
// at a time has it, and only the listener takes one out of the set: for an
// event, a passed deadline, or the drain.
//
// It goes further than Apache's in some: a half-sent request costs no worker
// either, one that has begun is never given up, a factor of 1.5 is not cut to
// 1, and idle connections stay while workers are busy, for they are in nobody's
// way.
type event struct {
	*crew
	epoll    *sock.Epoll
	door     *entrance
	kick     int // eventfd that wakes the listener
	queue    *queue.Queue[ready]
	table    []atomic.Pointer[held] // by descriptor
	highest  atomic.Int64           // descriptor ever held; the listener writes it
	inSet    atomic.Int64           // connections that have been put into the set and are open
	alive    atomic.Int64           // connections that are open
	cap      capacity
	shed     atomic.Uint64 // connections closed for their clients to go elsewhere
	sessions *cas.Ring[serve.Session]
	desk     desk // the listener thread's
}

// ready is the item that crosses from the listener to a worker.
type ready struct {
	c   *held
	seq uint64
}

// Tokens that are not connections.
const (
	listenerToken = ^uint64(0)
	kickToken     = ^uint64(0) - sock.MostListeners
)

func newEvent(cfg Config) (MPM, error) {
	m := &event{crew: newCrew("event", cfg, cfg.Threads), kick: -1, door: cfg.entrance()}
	if err := m.setUp(); err != nil {
		if m.epoll != nil {
			m.epoll.Close()
		}
		if m.kick >= 0 {
			unix.Close(m.kick)
		}
		if m.queue != nil {
			_ = m.queue.Free() // the first error tells more
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
	m.desk = newDesk()
	m.cap.open(m.cfg)
	if m.queue, err = queue.NewFor[ready](bed{m}, m.cfg.Threads-1, m.cfg.Parker, m.cfg.Park); err != nil {
		return err
	}
	if m.epoll, err = sock.NewEpoll(); err != nil {
		return err
	}
	if m.kick, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("make eventfd: %w", err)
	}
	if err = m.door.doNotWait(); err != nil {
		return err
	}
	if err = m.epoll.Add(m.kick, unix.EPOLLIN|unix.EPOLLET, kickToken); err != nil {
		return fmt.Errorf("add eventfd to epoll set: %w", err)
	}
	return m.watch()
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
	m.crew.drain(func() { m.whileOpen(m.kickListener) })
}

// kickListener ends the listener's wait on the set. The eventfd is never read:
// each write is an edge.
func (m *event) kickListener() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(m.kick, one[:]) // the counter cannot overflow
}

// Cut implements MPM.
func (m *event) Cut() {
	m.hurry(&m.cfg)
	m.Drain()
	m.cutting.Store(true)
	for fd := range m.highest.Load() + 1 {
		if c := m.table[fd].Load(); c != nil {
			c.conn.Cut()
		}
	}
}

func (m *event) Wait() {
	m.crew.Wait()
	_ = m.queue.Free() // what is left of these ends with the process
	_ = m.epoll.Close()
	_ = unix.Close(m.kick)
}

func (m *event) Status() serve.Status {
	st := m.status()
	st.Primitive = m.cfg.Parker.Name
	addQueueStats(st, m.queue.Stats())
	open(&st, int(m.alive.Load()))
	for fd := range m.highest.Load() + 1 {
		if c := m.table[fd].Load(); c != nil && c.waits() {
			countIn(&st, serve.Next(c.next.next.Load()), 1)
		}
	}
	full := m.cap.full.Load()
	st.NotAccepting, st.Processes[0].NotAccepting = full, full
	st.Counters["connections_in_set"] = uint64(m.inSet.Load())
	st.Counters["connections_shed"] = m.shed.Load()
	return st
}

// Look implements MPM. If the listeners are out of the set, they are asked
// when they come back.
func (m *event) Look() { m.whileOpen(func() { m.door.look(m.epoll) }) }

package mpm

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"

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
	*table
	set      *sock.Poller
	queue    *queue.Queue[dispatch]
	inSet    atomic.Int64 // connections that have been put into the set and are open
	cap      capacity
	shed     atomic.Uint64 // connections closed for their clients to go elsewhere
	listener listener
}

// dispatch is the item that crosses from the listener to a worker.
type dispatch struct {
	h   *handle
	seq uint64 // number of the hand-off
}

func newEvent(cfg Config) (MPM, error) {
	t, err := newTable(newServer("event", cfg, cfg.Threads))
	if err != nil {
		return nil, err
	}
	m := &event{table: t, cap: capacity{workers: int64(cfg.Threads - 1), factor: cfg.AsyncFactor}}
	m.listener = listener{events: make([]unix.EpollEvent, 64), seq: 1, workers: m.cap.workers}
	if err := m.open(); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

func (m *event) open() (err error) {
	if m.queue, err = queue.NewFor[dispatch](listenerParker{m}, m.cfg.Threads-1, m.cfg.Parker, m.cfg.Park); err != nil {
		return err
	}
	m.owns(closer(m.queue.Free))
	if m.set, err = m.poller(nil, m.cfg.Listeners); err != nil {
		return err
	}
	m.handoffs, m.wake, m.body = m.queue.Stats, m.set.Wake, m.run
	return nil
}

func (m *event) run(id int) {
	if id == 0 {
		m.listen()
	} else {
		m.work(id)
	}
}

// drop closes a connection that the thread of seat s has.
func (m *event) drop(s *seat, h *handle) {
	if h.inSet {
		m.inSet.Add(-1)
	}
	if h.lingers {
		m.cap.lingering.Add(-1) // first: what is between the two is one too many, not too few
	}
	m.table.drop(s, h)
	m.madeRoom()
	if m.stopped.Load() {
		m.set.Wake()
	}
}

// Status implements MPM.
func (m *event) Status() serve.Status {
	st := m.table.Status()
	full := m.cap.full.Load()
	st.NotAccepting, st.Processes[0].NotAccepting = full, full
	st.Counters["connections_in_set"] = uint64(m.inSet.Load())
	st.Counters["connections_shed"] = m.shed.Load()
	return st
}

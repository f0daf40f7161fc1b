package mpm

import (
	"log/slog"
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

// event has a listener thread (seat 0) and workers. The listener waits in one
// epoll set for new connections and for all connections that wait for their
// peer. A worker serves a connection only while there is something to do. Idle
// keep-alive connections, half-sent requests and half-read responses occupy
// none.
//
// A waiting connection belongs to the set. EPOLLONESHOT gives it to the
// listener once, which hands it to a worker, which puts it back. So one thread
// at a time has it. Only the listener takes one out of the set: on an event,
// after its deadline, or to drain.
//
// It does more than Apache's event: a half-sent request occupies no worker
// either, a request that has begun is never given up, a factor of 1.5 is not
// rounded to 1, and idle connections stay while all workers are busy, because
// they occupy none.
type event struct {
	*table
	set      *sock.Poller
	queue    *queue.Queue[item[*handle]]
	inSet    atomic.Int64 // open connections that were put into the set
	cap      capacity
	shed     atomic.Uint64 // connections closed so that their clients go to another process
	listener listener
}

func newEvent(s *server) (MPM, error) {
	t, err := newTable(s)
	if err != nil {
		return nil, err
	}
	workers := len(s.seats) - 1
	m := &event{table: t, cap: capacity{workers: int64(workers), factor: s.cfg.AsyncFactor}}
	m.listener = listener{events: make([]unix.EpollEvent, 64), seq: 1, workers: m.cap.workers}
	if m.queue, err = queue.NewFor[item[*handle]](listenerParker{m}, workers, s.cfg.Parker, s.cfg.Park); err != nil {
		return nil, err
	}
	m.owns(closer(m.queue.Free))
	if m.set, err = m.poller(nil, s.cfg.Listeners); err != nil {
		return nil, err
	}
	m.handoffs, m.wake = m.queue.Stats, m.set.Wake
	s.listen, s.body = m.listen, m.work
	return m, nil
}

// work is the loop of a worker thread.
func (m *event) work(id int) {
	s := &m.seats[id]
	for {
		s.Set(serve.Waiting)
		s.Log.Flush()
		it, slept, ok := m.queue.Take(id - 1)
		if !ok {
			return
		}
		s.Log.Leads(it.seq, slept)
		s.Handoffs.Add(1)
		m.serveReady(s, it.what)
	}
}

// serveReady serves a connection until it must wait for its peer.
func (m *event) serveReady(s *seat, h *handle) {
	if !h.inSet { // first turn, counted here because the listener has no scoreboard row
		s.Connections.Add(1)
	}
	next, by := m.stepSession(s, &h.connection)
	if next == serve.Close {
		m.drop(s, h)
		return
	}
	h.setDeadline(by)
	if next == serve.Linger {
		m.lingers(h)
	}
	m.await(s, h, next)
}

// await puts the connection into the set, or closes it if the set refuses it.
// Afterwards another thread may own it.
func (m *event) await(s *seat, h *handle, next serve.Next) {
	if !h.inSet && m.inSet.Add(1) == 1 {
		m.set.Wake() // the listener may be waiting without a timeout
	}
	if err := h.wait(m.set, h.events(next, false)); err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		slog.Warn("cannot wait for connection, closing it", "error", err)
		m.drop(s, h)
		return
	}
	if m.stopped.Load() {
		m.set.Wake()
	}
}

// drop closes a connection that the thread of seat s owns.
func (m *event) drop(s *seat, h *handle) {
	if h.inSet {
		m.inSet.Add(-1)
	}
	if h.lingers {
		m.cap.lingering.Add(-1) // before alive, so that hasRoom may count one too many, but not too few
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

package mpm

import (
	"log/slog"

	"lflab/lf/serve"
)

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
		s.Handoffs.Add(1)
		m.serveReady(s, item.h)
	}
}

// serveReady serves a connection until it must wait for its peer.
func (m *event) serveReady(s *seat, h *handle) {
	if !h.inSet { // its first turn: the listener has no row on a scoreboard
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

// await puts the connection into the set. From then on it may belong to
// somebody else.
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

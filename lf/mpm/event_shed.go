package mpm

import "lflab/lf/serve"

// sheds closes a connection that waits for a worker to be handed to, if it is
// one that was kept, its client has asked again, all workers are busy, and
// there are other processes that may have one: the client finds the connection
// ended, without a response, and asks again on another one. A request that
// has begun before is not given up so.
func (m *event) sheds(h *handle) bool {
	if !m.cfg.Sheds || !h.next.is(serve.Idle) || m.queue.TryReserve() {
		return false
	}
	m.shed.Add(1)
	m.discard(h)
	m.drop(&m.seats[0], h)
	return true
}

// discard reads what has arrived, so that the client finds the end of the
// connection and no reset.
func (m *event) discard(h *handle) {
	for range 16 { // more than a client sends before it hears anything
		if _, err := h.conn.Read(m.listener.discarded[:]); err != nil {
			return
		}
	}
}

// dismiss sends idle workers away while the server drains, as long as there
// are more of them than connections: that many are not needed again.
func (m *event) dismiss() {
	l := &m.listener
	for m.stopped.Load() && l.workers > m.alive.Load() {
		if !m.queue.TryReserve() {
			m.queue.Watch()
			if !m.queue.TryReserve() {
				return // the next that becomes idle wakes the listener
			}
		}
		m.queue.Dismiss()
		l.workers--
	}
}

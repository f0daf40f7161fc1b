package mpm

import (
	"sync/atomic"

	"lflab/lf/serve"
)

// capacity is how many connections event may have open: one for each worker,
// and factor more for each worker that is idle. Those that linger do not count.
// At the bound the listeners are taken out of the set.
//
// Nothing is counted for it with each request. The listener asks before it
// accepts, and counts the idle workers only if there are more connections than
// workers. When it finds no room it sets full and watches for the next worker
// that becomes idle, and looks once more; whoever makes room later finds full
// set, or the watch, and wakes the listener. Each side writes first and reads
// after, so one of them sees the other.
//
// Without an idle worker there is no room beyond one connection for each, and
// within that the listener has to wait for one before it accepts: either way
// the first that becomes idle wakes it.
type capacity struct {
	workers   int64
	factor    float64 // 0: no bound
	lingering atomic.Int64
	full      atomic.Bool
}

// hasRoom reports whether one more connection may be opened. The listener's
// alone.
func (m *event) hasRoom() bool {
	c := &m.cap
	if c.factor == 0 {
		return true
	}
	n := m.alive.Load() - c.lingering.Load()
	return n < c.workers || float64(n-c.workers) < c.factor*float64(m.queue.Idle())
}

// crowded reports that no more connections may be open. Whoever makes room
// after that wakes the listener.
func (m *event) crowded() bool {
	crowded := !m.hasRoom()
	if crowded {
		m.cap.full.Store(true)
		m.queue.Watch()
		crowded = !m.hasRoom()
	}
	if !crowded && m.cap.full.Load() {
		m.cap.full.Store(false) // nobody need wake the listener
	}
	return crowded
}

// madeRoom wakes the listener if it has found none.
func (m *event) madeRoom() {
	if full := &m.cap.full; full.Load() && full.CompareAndSwap(true, false) {
		m.set.Wake()
	}
}

// lingers notes that a connection has had its last response.
func (m *event) lingers(h *handle) {
	if !h.lingers {
		h.lingers = true
		m.cap.lingering.Add(1)
		m.madeRoom()
	}
}

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
	h.conn.Discard() // the client finds the end of the connection, and no reset
	m.drop(&m.seats[0], h)
	return true
}

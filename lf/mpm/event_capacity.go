package mpm

import (
	"sync/atomic"

	"lflab/lf/serve"
)

// capacity limits the open connections of event: one for each worker, and
// factor more for each idle worker. Lingering connections do not count. At the
// limit the listeners are taken out of the set.
//
// Requests do no counting for it. The listener checks before it accepts, and
// counts the idle workers only if there is a connection for each worker. If it
// finds no room, it sets full, watches for the next worker that becomes idle,
// and checks again. A thread that makes room later sees full or the watch, and
// wakes the listener. Each side writes before it reads, so one of them sees the
// other.
//
// Without an idle worker there is room only for one connection for each worker,
// and to accept it the listener must wait for an idle worker. Either way the
// first worker that becomes idle wakes it.
type capacity struct {
	workers   int64
	factor    float64 // 0: no limit
	lingering atomic.Int64
	full      atomic.Bool
}

// hasRoom reports whether one more connection may be opened. Only the listener
// calls it.
func (m *event) hasRoom() bool {
	c := &m.cap
	if c.factor == 0 {
		return true
	}
	n := m.alive.Load() - c.lingering.Load()
	return n < c.workers || float64(n-c.workers) < c.factor*float64(m.queue.Idle())
}

// crowded reports whether the limit is reached. A thread that makes room
// afterwards wakes the listener.
func (m *event) crowded() bool {
	crowded := !m.hasRoom()
	if crowded {
		m.cap.full.Store(true)
		m.queue.Watch()
		crowded = !m.hasRoom()
	}
	if !crowded && m.cap.full.Load() {
		m.cap.full.Store(false) // no thread need wake the listener
	}
	return crowded
}

// madeRoom wakes the listener if it has found no room.
func (m *event) madeRoom() {
	if full := &m.cap.full; full.Load() && full.CompareAndSwap(true, false) {
		m.set.Wake()
	}
}

// lingers records that a connection had its last response, which makes room.
func (m *event) lingers(h *handle) {
	if !h.lingers {
		h.lingers = true
		m.cap.lingering.Add(1)
		m.madeRoom()
	}
}

// sheds closes a connection and returns true if Config.Sheds is set, all
// workers are busy, and the client has sent another request on a kept
// connection. The client finds the connection closed without a response and
// asks again on another one, which another process may accept. A request that
// began before is not given up.
func (m *event) sheds(h *handle) bool {
	if !m.cfg.Sheds || !h.next.is(serve.Idle) || m.queue.TryReserve() {
		return false
	}
	m.shed.Add(1)
	h.conn.Discard() // so that the client finds the end of the connection, not a reset
	m.drop(&m.seats[0], h)
	return true
}

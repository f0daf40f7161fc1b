package mpm

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// Status implements MPM.
func (m *server) Status() serve.Status {
	rows := make([]serve.RowStatus, len(m.seats))
	for i := range m.seats {
		rows[i] = m.seats[i].Look(false)
	}
	st := m.statusOf(rows, 0)
	if m.pool != nil {
		for name, n := range m.pool.Stats().Map() {
			st.Counters[name] = n
		}
	}
	if m.handoffs != nil {
		q := m.handoffs()
		st.Counters["wakes_issued"] = q.WakesIssued
		st.Counters["wakes_wasted"] = q.WakesWasted
		st.Counters["reserve_waits"] = q.ReserveWaits
	}
	return st
}

// statusOf returns the part of Status that rows and listeners know. open is the
// number of open connections; 0 means one for each busy thread.
func (m *server) statusOf(rows []serve.RowStatus, open int) serve.Status {
	st := serve.Status{
		MPM: m.name, Primitive: m.primitive, Started: m.started,
		Counters: map[string]uint64{"accept_short": 0, "session_panics": m.panics.Load()},
	}
	for _, l := range m.cfg.Listeners {
		st.Counters["accept_short"] += l.Short.Load()
		st.Counters["accept_aborted"] += l.Aborted.Load()
	}
	p := serve.Process{PID: os.Getpid(), Started: m.started, Open: open, Rows: rows}
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		p.User, p.System = time.Duration(used.Utime.Nano()), time.Duration(used.Stime.Nano())
	}
	st.Add(p)
	st.Alone()
	return st
}

// asyncStatus returns Status for connections that wait without a thread. open
// is the number of open connections.
func (m *server) asyncStatus(open int64) serve.Status {
	st := m.Status()
	n := int(max(open, 0))
	st.Async = true
	st.Open, st.Processes[0].Open = n, n
	st.Counters["connections_open"] = uint64(n)
	return st
}

// waitsFor holds the last result of a connection's session: what the connection
// waits for while no thread has it. Its owner writes it. Any thread may read
// it, to count.
type waitsFor struct{ next atomic.Uint32 }

// set stores only a change: each request calls it, and a load costs less.
func (w *waitsFor) set(next serve.Next) {
	if !w.is(next) {
		w.next.Store(uint32(next))
	}
}

func (w *waitsFor) is(next serve.Next) bool { return w.next.Load() == uint32(next) }

// countIn counts the connection in a server's status.
func (w *waitsFor) countIn(st *serve.Status) {
	p := &st.Processes[0]
	switch serve.Next(w.next.Load()) {
	case serve.Idle:
		p.AsyncKeepAlive++
		st.AsyncKeepAlive++
	case serve.WriteMore:
		p.AsyncWriting++
		st.AsyncWriting++
	case serve.Linger:
		p.AsyncClosing++
		st.AsyncClosing++
	}
}

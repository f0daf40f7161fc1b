package mpm

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var reactorKind = Kind{
	Name:       "reactor",
	Doc:        "Leader/Followers over the whole handle set: listener and connections in one epoll set, the leader takes an event and promotes, the handle is deactivated meanwhile",
	Async:      true,
	MinThreads: 1,
	Parks:      true,
	Pool:       true,
	Divides:    true,
	Choices:    []Choice{choiceOf("deactivate"), choiceOf("association")},
	Promotes:   reactorPromotion,
	Refuses:    refuseReactor,
	Shape:      flight.Leadership,
	New:        newReactor,
}

// reactor is a pool whose event sources are epoll sets. A thread serves a
// connection while there is something to do. Otherwise the connection waits in
// the set, so a slow peer occupies no thread. Several sets divide the
// connections, but each set contains all listeners.
type reactor struct {
	*table
	pool      *lf.Pool[*handle]
	sets      []*handleSet
	edges     bool
	bound     bool
	afterRead bool // the leader promotes after it has read
	owners    int  // connections bound to threads so far; only the leader uses it
}

func newReactor(s *server) (MPM, error) {
	t, err := newTable(s)
	if err != nil {
		return nil, err
	}
	opt := s.cfg.pool("reactor")
	m := &reactor{table: t, edges: s.cfg.Deactivate == lf.Edge, bound: opt.Association == lf.Bound, afterRead: opt.Promotion == lf.AfterRead}
	var sources []lf.Source[*handle]
	for range max(s.cfg.Sets, 1) {
		p, err := m.poller(nil, s.cfg.Listeners)
		if err != nil {
			return nil, err
		}
		set := &handleSet{Poller: p}
		set.soonest.Store(sock.Never)
		m.sets = append(m.sets, set)
		for range max(s.cfg.Leaders, 1) {
			sources = append(sources, &demultiplexer{m: m, set: set, events: make([]unix.EpollEvent, batch)})
		}
	}
	opt.Leaders = 1 // for each source
	if m.pool, err = lf.NewOver(sources, m.handle, m.poolOptions(opt)); err != nil {
		return nil, err
	}
	s.pool, m.wake = m.pool, m.wakeLeaders
	for id := range m.seats {
		m.seats[id].Yield = func() { m.pool.Yield(id) }
	}
	return m, nil
}

// reactorPromotion returns adaptive if gate and association allow it, or
// handoff.
func reactorPromotion(cfg Config) lf.Promotion {
	if cfg.Gate != nil || cfg.Association == lf.Bound {
		return lf.Handoff
	}
	return lf.Adaptive
}

// refuseReactor refuses several sets if events are bound to threads.
func refuseReactor(cfg Config) error {
	if cfg.Association == lf.Bound && cfg.Sets > 1 {
		return fmt.Errorf("connections that are bound to threads have one handle set, not %d", cfg.Sets)
	}
	return nil
}

// wakeLeaders ends the wait of one leader of each set.
func (m *reactor) wakeLeaders() {
	for _, s := range m.sets {
		s.Wake()
	}
}

// handle serves a connection on thread id, which owns it, until it must wait
// for its peer.
func (m *reactor) handle(id int, h *handle) {
	s := &m.seats[id]
	s.Began = m.pool.Began(id)
	if m.afterRead {
		h.conn.AfterRead = s.Yield
	}
	set := m.setOf(h)
	for m.again(s, set, h) {
		s.BeforeLong() // another leader was told that something has arrived
	}
	s.Set(serve.Waiting)
}

// again serves the connection once and gives it away. It returns true if there
// is more to do; then the caller still owns the connection.
func (m *reactor) again(s *seat, set *handleSet, h *handle) bool {
	next, by := m.stepSession(s, &h.connection)
	if next == serve.Close {
		m.drop(s, h)
		return false
	}
	if at, changed := h.setDeadline(by); changed {
		set.due(at)
	}
	return !m.reactivate(s, set, h, next)
}

// setOf returns the handle set that the connection belongs to.
func (m *reactor) setOf(h *handle) *handleSet {
	if len(m.sets) == 1 {
		return m.sets[0]
	}
	return m.sets[h.conn.FD()%len(m.sets)]
}

// reactivate lets the connection wait, or closes it if the set refuses it.
// Afterwards another thread may own it, and it may even be another connection.
// It returns false if an edge came meanwhile; then the caller still owns it.
//
// With edges, a connection is put into the set once; later only its state
// changes. An edge reports an arrival, not data that is there. So if the
// session left data unread or room unfilled, the kernel is asked to look again.
func (m *reactor) reactivate(s *seat, set *handleSet, h *handle, next serve.Next) bool {
	if m.edges && h.inSet && !h.unfinished(next) {
		if !h.release() {
			return false
		}
	} else if err := h.wait(set.Poller, h.events(next, m.edges)); err != nil {
		// ENOMEM, or the limit of epoll watches: this connection cannot wait.
		m.noteShort(fmt.Errorf("cannot wait for a connection: %w", err))
		m.drop(s, h)
		return true
	}
	if m.draining.Load() {
		m.wakeLeaders() // so that one checks what begins to wait during the drain
	}
	return true
}

// drop closes a connection that the caller owns.
func (m *reactor) drop(s *seat, h *handle) {
	if m.table.drop(s, h) == 0 && m.stopped.Load() {
		m.wakeLeaders()
	}
}

package mpm

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// table is a server whose threads share the connections that wait, by
// descriptor.
type table struct {
	*server
	handles []atomic.Pointer[handle]
	highest atomic.Int64 // highest descriptor of any connection so far
	alive   atomic.Int64 // open connections
}

// newTable makes a table for all descriptors that the process may have.
func newTable(m *server) (*table, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, fmt.Errorf("read the limit of open files: %w", err)
	}
	t := &table{server: m, handles: make([]atomic.Pointer[handle], min(limit.Max, 1<<20))}
	spare := cas.NewRing[serve.Session](1 << 10)
	for i := range m.seats {
		m.seats[i].spare = spare
	}
	m.cut = func() {
		for h := range t.all {
			h.conn.Cut()
		}
	}
	return t, nil
}

// begin begins a connection with an accepted descriptor; the caller then owns
// it. It closes a descriptor beyond the table, as a limit of open files that
// was raised after the start allows, and returns nil.
func (t *table) begin(fd int) *handle {
	if fd >= len(t.handles) {
		_ = sock.CloseFD(fd)
		return nil
	}
	t.took()
	t.alive.Add(1)
	h := t.handles[fd].Load()
	if h == nil {
		h = new(handle)
		t.handles[fd].Store(h)
		for old := t.highest.Load(); int64(fd) > old && !t.highest.CompareAndSwap(old, int64(fd)); {
			old = t.highest.Load()
		}
	}
	h.open(fd, t.stamping())
	t.begun(&h.conn)
	return h
}

// at returns the handle and the turn that an event's token names. The handle is
// nil if the descriptor had no connection yet.
func (t *table) at(token uint64) (h *handle, turn uint32) {
	return t.handles[uint32(token)].Load(), uint32(token >> tokenTurn)
}

// all yields the handles that have had a connection, open or not.
func (t *table) all(yield func(*handle) bool) {
	for fd := range t.highest.Load() + 1 {
		if h := t.handles[fd].Load(); h != nil && !yield(h) {
			return
		}
	}
}

// drop closes a connection that the thread of seat s owns, and returns how many
// are left.
func (t *table) drop(s *seat, h *handle) (left int64) {
	s.spareIts(&h.connection)
	_ = sock.CloseFD(h.shut()) // this also removes it from the set
	return t.alive.Add(-1)
}

// Status implements MPM.
func (t *table) Status() serve.Status {
	st := t.asyncStatus(t.alive.Load())
	for h := range t.all {
		if h.waits() {
			h.next.countIn(&st)
		}
	}
	return st
}

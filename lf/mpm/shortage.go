package mpm

import (
	"sync"
	"time"

	"lflab/lf/flight"
)

// shortFor is for how long all attempts to accept must have failed.
const shortFor = int64(time.Second)

// shortage is how long no connection could be accepted for want of descriptors
// or memory.
type shortage struct {
	mu    sync.Mutex
	since int64  // when it began, ns; 0 none
	last  int64  // when an attempt failed last, ns
	had   uint64 // connections by then
	told  sync.Once
}

// lasts notes an attempt that failed, and reports whether they have for long.
// had is how many connections have been accepted. A shortage that nobody has
// noted for as long is over.
func (s *shortage) lasts(now int64, had uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since == 0 || had != s.had || now-s.last >= shortFor {
		s.since, s.had = now, had
	}
	s.last = now
	return now-s.since >= shortFor
}

// mindShortage has shortages of the listeners that last told to Config.Short.
func (m *server) mindShortage() {
	if m.cfg.Short == nil {
		return
	}
	for _, l := range m.cfg.Listeners {
		l.OnShort(func(err error) {
			if m.short.lasts(flight.Now(), m.accepted()) {
				m.tellShort(err)
			}
		})
	}
}

// accepted is how many connections there have been.
func (m *server) accepted() uint64 {
	n := m.loose.Load()
	for i := range m.seats {
		n += m.seats[i].Connections.Load()
	}
	return n
}

// tellShort calls Config.Short, once.
func (m *server) tellShort(err error) {
	m.short.told.Do(func() {
		if m.cfg.Short != nil {
			m.cfg.Short(err)
		}
	})
}

// noteShort counts a connection that cannot be had, or kept, for want of
// descriptors or memory.
func (m *server) noteShort(err error) { m.cfg.Listeners[0].NoteShort(err) }

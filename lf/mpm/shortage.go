package mpm

import (
	"sync"
	"time"

	"lflab/lf/flight"
)

// shortFor is for how long all attempts to accept must fail before
// Config.Short.
const shortFor = int64(time.Second)

// shortage measures for how long no connection could be accepted because
// descriptors or memory ran out.
type shortage struct {
	mu    sync.Mutex
	since int64  // when it began, ns; 0 for none
	last  int64  // time of the last failed attempt, ns
	had   uint64 // connections accepted before it
	told  sync.Once
}

// lasts records a failed attempt, and reports whether all attempts have failed
// for shortFor. had is the number of accepted connections. If it has grown, or
// no attempt failed for shortFor, a new shortage begins.
func (s *shortage) lasts(now int64, had uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since == 0 || had != s.had || now-s.last >= shortFor {
		s.since, s.had = now, had
	}
	s.last = now
	return now-s.since >= shortFor
}

// mindShortage makes a shortage of the listeners that lasts call Config.Short.
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

// accepted returns the number of connections so far.
func (m *server) accepted() uint64 {
	n := m.loose.Load()
	for i := range m.seats {
		n += m.seats[i].Connections.Load()
	}
	return n
}

// tellShort calls Config.Short, if it is set, once.
func (m *server) tellShort(err error) {
	m.short.told.Do(func() {
		if m.cfg.Short != nil {
			m.cfg.Short(err)
		}
	})
}

// noteShort records that a connection could not be accepted, or could not wait,
// because descriptors or memory ran out.
func (m *server) noteShort(err error) { m.cfg.Listeners[0].NoteShort(err) }

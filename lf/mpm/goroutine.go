package mpm

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var goroutineKind = Kind{
	Name:       "goroutine",
	Unbounded:  true,
	Doc:        "the standard net listener, one goroutine per connection",
	MinThreads: 1,
	Shape:      flight.NoHandoff,
	New:        newGoroutine,
}

// goroutine serves as Go programs usually do: with the standard net listener,
// and one goroutine per connection on the runtime's network poller. It listens
// on the same sockets as the others and uses the same sessions.
type goroutine struct {
	*server
	listeners []net.Listener
	sessions  sync.Pool

	mu      sync.Mutex
	open    map[*netStream]bool
	threads []*serve.Thread // as many as were in use at once
	free    []*serve.Thread
}

func newGoroutine(s *server) (MPM, error) {
	m := &goroutine{server: s, open: map[*netStream]bool{}}
	m.primitive = "netpoll"
	for _, l := range m.cfg.Listeners {
		dup, err := netListener(l)
		if err != nil {
			return nil, err
		}
		m.listeners = append(m.listeners, dup)
		m.owns(dup)
	}
	m.sessions.New = func() any { return m.cfg.Service.NewSession() }
	m.stop = func() { _ = m.close() } // fails if spent has already closed them
	m.wake = func() { m.eachOpen((*netStream).kick) }
	m.cut = func() { m.eachOpen((*netStream).cut) }
	return m, nil
}

// netListener returns a net.Listener with a duplicate of l's descriptor.
func netListener(l *sock.Listener) (net.Listener, error) {
	fd, err := unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("duplicate the listener: %w", err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	dup, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("give the listener to package net: %w", err)
	}
	return dup, nil
}

func (m *goroutine) Start() error {
	m.started = flight.Now()
	m.running.Add(len(m.listeners))
	for _, l := range m.listeners {
		go m.accept(l)
	}
	return nil
}

func (m *goroutine) accept(l net.Listener) {
	defer m.running.Done()
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			m.loose.Add(1)
			m.took()
			m.running.Add(1)
			go m.serve(conn.(*net.TCPConn))
			continue
		}
		if m.stopped.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		// Like net/http, wait longer each time.
		m.noteShort(err)
		pause = min(max(2*pause, 5*time.Millisecond), sock.ShortPause)
		time.Sleep(pause)
	}
}

func (m *goroutine) serve(conn *net.TCPConn) {
	defer m.running.Done()
	s := &netStream{conn: conn, draining: &m.draining}
	m.enter(s)
	defer m.leave(s)
	if m.stamping() {
		s.stamps = newStampReader(conn)
	}
	session := m.sessions.Get().(serve.Session)
	defer func() {
		if v := recover(); v != nil {
			m.panics.Add(1)
			slog.Error("session panicked", "mpm", "goroutine", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	session.Reset(s)
	session.Serve(s.thread)
	m.sessions.Put(session) // a session that panicked is not used again
}

// enter gives a connection a row of the scoreboard, and cuts it after a Cut.
func (m *goroutine) enter(s *netStream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		s.thread, m.free = m.free[n-1], m.free[:n-1]
	} else {
		s.thread = &serve.Thread{Row: m.cfg.row(len(m.threads)), Timed: m.cfg.Row != nil, ID: len(m.threads), Log: m.cfg.Recorder.NewLooseLog()}
		m.threads = append(m.threads, s.thread)
	}
	s.thread.Connections.Add(1)
	m.open[s] = true
	if m.cutting.Load() {
		s.cut()
	}
}

func (m *goroutine) leave(s *netStream) {
	_ = s.conn.Close()
	s.thread.Log.Flush()
	s.thread.Set(serve.Waiting)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, s)
	m.free = append(m.free, s.thread)
}

// eachOpen calls do for all open connections.
func (m *goroutine) eachOpen(do func(*netStream)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.open {
		do(s)
	}
}

// Status implements MPM.
func (m *goroutine) Status() serve.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []serve.RowStatus
	for _, t := range m.threads {
		rows = append(rows, t.Look(false))
	}
	st := m.statusOf(rows, len(m.open))
	st.Connections = m.loose.Load()
	return st
}

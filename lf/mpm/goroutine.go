package mpm

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var goroutineKind = Kind{
	Name:       "goroutine",
	Doc:        "the standard net listener, one goroutine per connection",
	MinThreads: 1,
	Shape:      flight.NoHandoff,
	New:        newGoroutine,
}

// goroutine is how Go programs usually serve: the standard net listener, and
// one goroutine per connection on the runtime's network poller. It listens on
// the same socket as the others, and serves with the same sessions.
type goroutine struct {
	cfg      Config
	listener net.Listener
	started  int64
	draining atomic.Bool
	accepted atomic.Uint64
	panics   atomic.Uint64
	running  sync.WaitGroup
	sessions sync.Pool

	mu      sync.Mutex
	open    map[*netStream]bool
	threads []*serve.Thread // as many as there were connections at once
	free    []*serve.Thread
}

func newGoroutine(cfg Config) (MPM, error) {
	fd, err := unix.FcntlInt(uintptr(cfg.Listener.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("duplicate the listener: %w", err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	l, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("give the listener to package net: %w", err)
	}
	m := &goroutine{cfg: cfg, listener: l, open: map[*netStream]bool{}}
	m.sessions.New = func() any { return cfg.Service.NewSession() }
	return m, nil
}

func (m *goroutine) Start() error {
	m.started = flight.Now()
	m.running.Add(1)
	go m.accept()
	return nil
}

func (m *goroutine) accept() {
	defer m.running.Done()
	for pause := time.Duration(0); ; {
		conn, err := m.listener.Accept()
		if err == nil {
			pause = 0
			m.accepted.Add(1)
			m.running.Add(1)
			go m.serve(conn.(*net.TCPConn))
			continue
		}
		if m.draining.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		// As net/http does: wait a little longer each time.
		m.cfg.Listener.NoteShort(err)
		pause = min(max(2*pause, 5*time.Millisecond), sock.ShortPause)
		time.Sleep(pause)
	}
}

func (m *goroutine) serve(conn *net.TCPConn) {
	defer m.running.Done()
	s := &netStream{conn: conn, draining: &m.draining}
	m.enter(s)
	defer m.leave(s)
	if m.cfg.Listener.Stamping() {
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
	m.sessions.Put(session) // one that panicked is not used again
}

// enter gives a connection a place on the scoreboard.
func (m *goroutine) enter(s *netStream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		s.thread, m.free = m.free[n-1], m.free[:n-1]
	} else {
		s.thread = &serve.Thread{Row: m.cfg.row(len(m.threads)), Timed: m.cfg.Row != nil, ID: len(m.threads), Log: m.cfg.Recorder.NewLooseLog()}
		m.threads = append(m.threads, s.thread)
	}
	m.open[s] = true
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

func (m *goroutine) Drain() {
	m.draining.Store(true)
	m.cfg.Service.Drain()
	_ = m.listener.Close()
	m.cfg.Listener.Shutdown()
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.open {
		s.kick()
	}
}

func (m *goroutine) Wait() { m.running.Wait() }

func (m *goroutine) Status() serve.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := serve.Status{
		MPM: "goroutine", Primitive: "netpoll", Started: m.started,
		Counters: map[string]uint64{"accept_short": m.cfg.Listener.Short.Load(), "session_panics": m.panics.Load()},
	}
	p := serve.Process{PID: os.Getpid(), Started: m.started, Open: len(m.open)}
	p.User, p.System = used()
	for _, t := range m.threads {
		p.Rows = append(p.Rows, t.Look(false))
	}
	st.Add(p)
	st.Alone()
	st.Connections = m.accepted.Load()
	return st
}

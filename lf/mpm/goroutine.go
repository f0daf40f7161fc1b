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
	Unbounded:  true,
	Doc:        "the standard net listener, one goroutine per connection",
	MinThreads: 1,
	Shape:      flight.NoHandoff,
	New:        newGoroutine,
}

// goroutine is how Go programs usually serve: the standard net listener, and
// one goroutine per connection on the runtime's network poller. It listens on
// the same socket as the others, and serves with the same sessions.
type goroutine struct {
	cfg       Config
	listeners []net.Listener
	exit
	started  int64
	easing   atomic.Bool // the server ends: connections do not wait for another request
	draining atomic.Bool // and takes no more of them
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
	m := &goroutine{cfg: cfg, open: map[*netStream]bool{}}
	for _, l := range cfg.Listeners {
		dup, err := netListener(l)
		if err != nil {
			m.close()
			return nil, err
		}
		m.listeners = append(m.listeners, dup)
	}
	m.sessions.New = func() any { return cfg.Service.NewSession() }
	m.mindShortage(&m.cfg, m.accepted.Load)
	return m, nil
}

// netListener is another descriptor of the same socket, for package net.
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

func (m *goroutine) close() {
	for _, l := range m.listeners {
		_ = l.Close() // closed already when the server has had its connections
	}
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
			if m.accepted.Add(1) == m.cfg.MostConnections {
				m.spent()
			}
			m.running.Add(1)
			go m.serve(conn.(*net.TCPConn))
			continue
		}
		if m.draining.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		// As net/http does: wait a little longer each time.
		m.cfg.noteShort(err)
		pause = min(max(2*pause, 5*time.Millisecond), sock.ShortPause)
		time.Sleep(pause)
	}
}

func (m *goroutine) serve(conn *net.TCPConn) {
	defer m.running.Done()
	s := &netStream{conn: conn, draining: &m.easing}
	m.enter(s)
	defer m.leave(s)
	if m.cfg.stamping() {
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

func (m *goroutine) Drain() {
	m.drained.Do(func() {
		m.easing.Store(true)
		m.cfg.Service.Drain()
		m.kick()
		m.whenEmpty(&m.cfg, func() {
			m.draining.Store(true)
			m.shut()
			m.kick()
		})
	})
}

// kick ends the idle waits of connections.
func (m *goroutine) kick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.open {
		s.kick()
	}
}

// shut ends listening, for this process at least: that of package net by its
// own descriptors.
func (m *goroutine) shut() {
	m.close()
	m.whileOpen(func() {
		for _, l := range m.cfg.Listeners {
			l.Shutdown()
		}
	})
	m.giveBack(&m.cfg)
}

// spent stops accepting, as no more connections are wanted.
func (m *goroutine) spent() {
	if m.easing.Load() {
		return // it ends anyway, and serves what has waited
	}
	m.shut()
	if m.cfg.Spent != nil {
		m.cfg.Spent()
	}
}

func (m *goroutine) Cut() {
	m.hurry(&m.cfg)
	m.Drain()
	m.cutting.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.open {
		s.cut()
	}
}

func (m *goroutine) Wait() {
	m.running.Wait()
	m.end()
}

func (m *goroutine) Status() serve.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := serve.Status{
		MPM: "goroutine", Primitive: "netpoll", Started: m.started,
		Counters: map[string]uint64{"accept_short": 0, "session_panics": m.panics.Load()},
	}
	m.cfg.countAccepts(st.Counters)
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

// Look implements MPM: the runtime's poller is told of every connection.
func (m *goroutine) Look() {}

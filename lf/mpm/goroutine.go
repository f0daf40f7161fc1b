package mpm

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// goroutine is how Go programs usually serve: the standard net listener, and
// one goroutine per connection on the runtime's network poller. It listens on
// the same socket as the others, and serves with the same sessions.
type goroutine struct {
	cfg      Config
	listener net.Listener
	started  int64
	draining atomic.Bool
	accepted atomic.Uint64
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
		// As net/http does: wait a little longer each time, up to 100 ms here.
		m.cfg.Listener.Short.Add(1)
		pause = min(max(2*pause, 5*time.Millisecond), 100*time.Millisecond)
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
	session.Reset(s)
	session.Serve(s.thread)
	m.sessions.Put(session)
}

// enter gives a connection a place on the scoreboard.
func (m *goroutine) enter(s *netStream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		s.thread, m.free = m.free[n-1], m.free[:n-1]
	} else {
		s.thread = &serve.Thread{ID: len(m.threads), Log: m.cfg.Recorder.NewLog()}
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
		MPM: "goroutine", Primitive: "netpoll", Threads: len(m.threads), Started: m.started, Connections: m.accepted.Load(),
		Busy: len(m.open), Idle: len(m.free),
		Counters: map[string]uint64{"accept_short": m.cfg.Listener.Short.Load()},
	}
	board := make([]byte, 0, len(m.threads))
	for _, t := range m.threads {
		st.Requests += t.Requests.Load()
		st.Bytes += t.Bytes.Load()
		board = append(board, serve.State(t.State.Load()).String()...)
	}
	st.Scoreboard = string(board)
	return st
}

// netStream is a net.TCPConn as a serve.Stream that waits.
type netStream struct {
	conn     *net.TCPConn
	thread   *serve.Thread
	draining *atomic.Bool
	idle     atomic.Bool
	stamps   *stampReader
}

func (s *netStream) SetReadDeadline(ns int64) {
	_ = s.conn.SetReadDeadline(absolute(ns)) // an error shows at the next read
}

func (s *netStream) SetWriteDeadline(ns int64) { _ = s.conn.SetWriteDeadline(absolute(ns)) }

// absolute turns ns of CLOCK_MONOTONIC into a time.Time; 0 stays "none".
func absolute(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(ns - flight.Now()))
}

func (s *netStream) Read(p []byte) (int, error) {
	var n int
	var err error
	if s.stamps != nil {
		n, err = s.stamps.read(p)
	} else {
		n, err = s.conn.Read(p)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, serve.ErrDeadline
	}
	return n, err
}

func (s *netStream) ReadIdle(p []byte) (int, error) {
	s.idle.Store(true)
	defer s.idle.Store(false)
	if s.draining.Load() {
		return 0, io.EOF
	}
	n, err := s.Read(p)
	if errors.Is(err, serve.ErrDeadline) && s.draining.Load() {
		return 0, io.EOF
	}
	return n, err
}

// kick ends an idle wait. A request that begins at this moment gets a passed
// deadline for its first read and is closed, as a keep-alive timeout would.
func (s *netStream) kick() {
	if s.idle.Load() {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *netStream) Write(p []byte) (int, error) {
	n, err := s.conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, serve.ErrDeadline
	}
	return n, err
}

func (s *netStream) CloseWrite() error { return s.conn.CloseWrite() }

func (s *netStream) Arrived() int64 {
	if s.stamps == nil {
		return 0
	}
	return s.stamps.conn.Arrived()
}

// stampReader reads through the network poller with recvmsg(2), for the
// kernel's time stamps. It is used only while hand-offs are being recorded.
type stampReader struct {
	raw  syscall.RawConn
	conn sock.Conn
}

func newStampReader(conn *net.TCPConn) *stampReader {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil // the connection has ended; an ordinary read will say so
	}
	return &stampReader{raw: raw}
}

func (r *stampReader) read(p []byte) (n int, err error) {
	outer := r.raw.Read(func(fd uintptr) bool {
		r.conn.Reset(int(fd), false, true, nil)
		n, err = r.conn.Read(p)
		return !errors.Is(err, serve.ErrWouldBlock)
	})
	if outer != nil {
		return n, outer
	}
	return n, err
}

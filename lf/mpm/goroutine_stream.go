package mpm

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// netStream makes a net.TCPConn a serve.Stream that waits.
type netStream struct {
	conn     *net.TCPConn
	thread   *serve.Thread
	draining *atomic.Bool
	stamps   *stampReader

	mu   sync.Mutex // kick holds it while it ends an idle wait
	idle bool
}

func (s *netStream) SetReadDeadline(ns int64) {
	_ = s.conn.SetReadDeadline(absolute(ns)) // the next read returns the error
}

func (s *netStream) SetWriteDeadline(ns int64) { _ = s.conn.SetWriteDeadline(absolute(ns)) }

// absolute converts ns of CLOCK_MONOTONIC to a time.Time. 0 means none.
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
	s.setIdle(true)
	var n int
	err := error(serve.ErrDeadline)
	if !s.draining.Load() {
		n, err = s.Read(p)
	}
	s.setIdle(false)
	if errors.Is(err, serve.ErrDeadline) && s.draining.Load() {
		return s.readArrived(p)
	}
	return n, err
}

func (s *netStream) setIdle(idle bool) {
	s.mu.Lock()
	s.idle = idle
	s.mu.Unlock()
}

// readArrived reads what has arrived, or returns io.EOF if there is nothing. So
// a request that came before the server began to drain is still served.
func (s *netStream) readArrived(p []byte) (n int, err error) {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var c sock.Conn
	outer := raw.Control(func(fd uintptr) {
		c.Reset(int(fd), false, false, nil)
		n, err = c.Read(p)
	})
	switch {
	case outer != nil:
		return 0, outer
	case errors.Is(err, serve.ErrWouldBlock):
		return 0, io.EOF
	}
	return n, err
}

// kick ends an idle wait. It affects no other read, because the session sets a
// new deadline before it reads again.
func (s *netStream) kick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails if the connection has ended
	}
}

// cut shuts down the connection in both directions. It ends writing first, so
// that a session that reads the end of file can write no more.
func (s *netStream) cut() {
	_ = s.conn.CloseWrite() // fails if the connection has ended
	_ = s.conn.CloseRead()
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

// stampReader reads through the network poller with recvmsg(2), to get the
// kernel's time stamps. It is used only while hand-offs are recorded.
type stampReader struct {
	raw  syscall.RawConn
	conn sock.Conn
}

func newStampReader(conn *net.TCPConn) *stampReader {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil // the connection has ended, as the next read will say
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

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

// netStream is a net.TCPConn as a serve.Stream that waits.
type netStream struct {
	conn     *net.TCPConn
	thread   *serve.Thread
	draining *atomic.Bool
	stamps   *stampReader

	mu   sync.Mutex // kick holds it while it ends an idle wait
	idle bool
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

// readArrived reads what is there; nothing is the end. A request that came
// before the server began to drain is served, though it is found after.
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

// kick ends an idle wait, and no other: the session sets a new deadline before
// it reads again.
func (s *netStream) kick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails when the connection has ended
	}
}

// cut ends the connection in both directions: that of writing first, so that
// whoever reads the end has nothing more to say.
func (s *netStream) cut() {
	_ = s.conn.CloseWrite() // fails when the connection has ended
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

package mpm

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// netPair is a connection between one of goroutine's streams and a peer.
func netPair(t *testing.T) (*netStream, *client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer := dialTo(t, l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); peer.Close() })
	return &netStream{conn: conn.(*net.TCPConn), draining: new(atomic.Bool)}, peer
}

// has waits until that many bytes have arrived.
func (s *netStream) has(t *testing.T, n int) {
	t.Helper()
	raw, err := s.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	until(t, "data", func() (ok bool) {
		raw.Control(func(fd uintptr) {
			got, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ)
			ok = got == n && err == nil
		})
		return ok
	})
}

// TestNetStreamDrain checks that a drain ends an idle wait and still serves
// what had arrived, as with a sock.Conn.
func TestNetStreamDrain(t *testing.T) {
	for _, data := range []string{"", "request"} {
		for _, blocked := range []bool{true, false} {
			s, peer := netPair(t)
			s.SetReadDeadline(flight.Now() + int64(patience))
			if data != "" {
				peer.send(data)
				s.has(t, len(data))
			}
			kicked := make(chan struct{})
			go func() {
				defer close(kicked)
				for blocked {
					s.mu.Lock()
					idle := s.idle
					s.mu.Unlock()
					if idle || data != "" {
						break
					}
				}
				s.draining.Store(true)
				s.kick()
			}()
			if !blocked {
				<-kicked
			}
			p := make([]byte, 20)
			n, err := s.ReadIdle(p)
			if data == "" && (n != 0 || err != io.EOF) || data != "" && (string(p[:n]) != data || err != nil) {
				t.Errorf("data %q, blocked %v: read %q, %v", data, blocked, p[:n], err)
			}
			<-kicked
			if n, err := s.ReadIdle(p); n != 0 || err != io.EOF {
				t.Errorf("data %q, blocked %v: then read %q, %v", data, blocked, p[:n], err)
			}
			// A drain does not disturb a request that is being read.
			s.SetReadDeadline(flight.Now() + int64(patience))
			peer.send("body")
			s.kick()
			if n, err := s.Read(p); string(p[:n]) != "body" || err != nil {
				t.Errorf("body: read %q, %v", p[:n], err)
			}
		}
	}
}

func TestNetStreamErrors(t *testing.T) {
	s, peer := netPair(t)
	p := make([]byte, 10)
	by := flight.Now() + int64(5*time.Millisecond)
	s.SetReadDeadline(by)
	if _, err := s.ReadIdle(p); !errors.Is(err, serve.ErrDeadline) || flight.Now() < by {
		t.Errorf("read: %v", err)
	}
	by = flight.Now() + int64(20*time.Millisecond)
	s.SetWriteDeadline(by)
	if n, err := s.Write(make([]byte, 64<<20)); n == 64<<20 || !errors.Is(err, serve.ErrDeadline) || flight.Now() < by {
		t.Errorf("write: %d, %v", n, err)
	}
	s.SetReadDeadline(0)
	peer.CloseWrite()
	if _, err := s.ReadIdle(p); err != io.EOF {
		t.Errorf("end: %v", err)
	}
	if s.Arrived() != 0 {
		t.Error("a time stamp where none is taken")
	}
}

// TestNetStreamStamps checks that reads with time stamps also keep deadlines
// and see the end.
func TestNetStreamStamps(t *testing.T) {
	s, peer := netPair(t)
	s.stamps = newStampReader(s.conn)
	p := make([]byte, 10)
	s.SetReadDeadline(flight.Now() + int64(5*time.Millisecond))
	if _, err := s.ReadIdle(p); !errors.Is(err, serve.ErrDeadline) {
		t.Errorf("deadline: %v", err)
	}
	s.SetReadDeadline(flight.Now() + int64(patience))
	peer.send("x")
	if n, err := s.ReadIdle(p); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	peer.CloseWrite()
	if n, err := s.Read(p); n != 0 || err != io.EOF {
		t.Errorf("end: %d, %v", n, err)
	}
}

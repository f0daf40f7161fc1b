package load

import (
	"bufio"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A testServer passes each request, numbered from 1, to a function. It counts
// what it receives, for comparison with what the generator counts.
type testServer struct {
	listener net.Listener
	accepted atomic.Int64
	requests atomic.Int64
}

// serve starts a server. Its handler answers a request on c and reports whether
// c stays open.
func serve(t *testing.T, address string, handler func(c *net.TCPConn, request int64) bool) *testServer {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{listener: l}
	var serving sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			serving.Go(func() {
				defer context.AfterFunc(ctx, func() { c.Close() })()
				s.connection(c.(*net.TCPConn), handler)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		stop()
		serving.Wait()
	})
	return s
}

func (s *testServer) connection(c *net.TCPConn, handler func(*net.TCPConn, int64) bool) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		for empty := false; !empty; {
			line, err := r.ReadSlice('\n')
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
			empty = err == nil && len(line) == len("\r\n")
		}
		if !handler(c, s.requests.Add(1)) {
			return
		}
	}
}

func (s *testServer) url() string { return "http://" + s.listener.Addr().String() + "/" }

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"

func say(text string) func(*net.TCPConn, int64) bool {
	return func(c *net.TCPConn, _ int64) bool {
		_, err := c.Write([]byte(text))
		return err == nil
	}
}

// sayAndClose returns a handler that writes text and closes the connection.
// Only text itself may announce the close.
func sayAndClose(text string) func(*net.TCPConn, int64) bool {
	return func(c *net.TCPConn, _ int64) bool {
		_, _ = c.Write([]byte(text))
		return false
	}
}

// cork holds back what is written to c until the end of the stream (tcp(7),
// TCP_CORK).
func cork(c *net.TCPConn) (err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if called := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) }); called != nil {
		return called
	}
	return err
}

// served is mustRun for a load that must have answers. If none came in time
// because the machine was busy, it runs a longer load.
func served(t *testing.T, cfg Config) *Result {
	t.Helper()
	r := mustRun(t, cfg)
	for range 6 {
		if r.Requests > 0 || len(r.Errors) > 0 {
			break
		}
		cfg.Duration *= 2
		r = mustRun(t, cfg)
	}
	return r
}

func mustRun(t *testing.T, cfg Config) *Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

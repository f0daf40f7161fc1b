package sock

import (
	"errors"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// TestFirstReadArmsNothing checks that one system call reads data that is
// there, with or without a deadline.
func TestFirstReadArmsNothing(t *testing.T) {
	c, peer := pair(t, true)
	send1(t, peer, "hello")
	arrived(t, c.FD())
	c.SetReadDeadline(flight.Now() + int64(time.Minute))
	p := make([]byte, 10)
	if n, err := c.ReadIdle(p); string(p[:n]) != "hello" || err != nil {
		t.Fatalf("read %q, %v", p[:n], err)
	}
	if ns := armed(t, c.FD()); ns != 0 {
		t.Errorf("SO_RCVTIMEO is %v, though nothing was waited for", time.Duration(ns))
	}
	c.SetReadDeadline(flight.Now() + int64(time.Millisecond))
	if _, err := c.Read(p); !errors.Is(err, serve.ErrDeadline) {
		t.Fatalf("read with nothing there: %v", err)
	}
	if armed(t, c.FD()) == 0 {
		t.Error("SO_RCVTIMEO is not set, though a deadline was kept")
	}
}

// TestArmedOnce checks that waits of about the same length share one
// SO_RCVTIMEO.
func TestArmedOnce(t *testing.T) {
	c, peer := pair(t, true)
	p := make([]byte, 10)
	var first int64
	for i := range 50 {
		if i > 0 {
			send1(t, peer, "x")
		}
		// Jitter to both sides, as from requests that take a while.
		c.SetReadDeadline(flight.Now() + int64(time.Minute) + int64(i%7-3)*int64(time.Millisecond))
		if i == 0 {
			if err := c.arm(); err != nil {
				t.Fatal(err)
			}
			first = c.armed
			continue
		}
		if n, err := c.Read(p); n != 1 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
		if c.armed != first {
			t.Fatalf("wait %d was armed anew: %v after %v", i, time.Duration(c.armed), time.Duration(first))
		}
	}
	// A wait without a deadline, and a much shorter one, set SO_RCVTIMEO anew.
	for _, ns := range []int64{0, int64(time.Second)} {
		if c.SetReadDeadline(0); ns > 0 {
			c.SetReadDeadline(flight.Now() + ns)
		}
		send1(t, peer, "x")
		if n, err := c.Read(p); n != 1 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
		if got := armed(t, c.FD()); got > ns+int64(20*time.Millisecond) {
			t.Errorf("SO_RCVTIMEO is %v for a wait of %v", time.Duration(got), time.Duration(ns))
		}
	}
}

func TestEndOfFile(t *testing.T) {
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		send1(t, peer, "bye")
		if err := unix.Shutdown(peer, unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 2)
		got := ""
		for {
			arrived(t, c.FD())
			n, err := c.Read(p)
			got += string(p[:n])
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 {
				t.Fatalf("read %d, %v", n, err)
			}
		}
		if got != "bye" {
			t.Errorf("read %q", got)
		}
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		if n, err := read(peer, p); n != 0 || err != nil {
			t.Errorf("the peer read %d, %v after our CloseWrite", n, err)
		}
	}
}

func TestEmptyBuffers(t *testing.T) {
	c, _ := pair(t, true)
	for name, f := range map[string]func([]byte) (int, error){"Read": c.Read, "ReadIdle": c.ReadIdle, "Write": c.Write} {
		if n, err := f(nil); n != 0 || err != nil {
			t.Errorf("%s of nothing: %d, %v", name, n, err)
		}
	}
}

func TestPeerThatVanished(t *testing.T) {
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		if err := unix.SetsockoptLinger(peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			t.Fatal(err)
		}
		again, err := unix.Dup(peer)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Shutdown(peer, unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		unix.Close(again)
		if n, err := c.Write([]byte("x")); n != 1 || err != nil {
			t.Fatalf("first write after the end: %d, %v", n, err) // causes the reset
		}
		until(t, "a reset", func() bool {
			_, err := c.Write([]byte("x"))
			return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
		})
	}
}

// TestReuse checks that a Conn keeps nothing of its last connection.
func TestReuse(t *testing.T) {
	before := descriptors(t)
	l := listen(t, Options{})
	var c Conn
	p := make([]byte, 10)
	for range 100 {
		peer := dial(t, l)
		fd, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Reset(fd, true, false, nil)
		send1(t, peer, "x")
		arrived(t, fd)
		if n, err := c.Read(p); n != 1 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
		if armed(t, fd) != 0 || c.Arrived() != 0 {
			t.Fatal("the first read of a new connection armed a deadline or bears a time stamp")
		}
		c.SetReadDeadline(flight.Now() + int64(100*time.Microsecond))
		c.SetWriteDeadline(1)
		if _, err := c.Read(p); !errors.Is(err, serve.ErrDeadline) {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil || c.FD() != -1 {
			t.Fatalf("close: %v, descriptor %d", err, c.FD())
		}
		if n, err := read(peer, p); n != 0 || err != nil {
			t.Fatalf("the peer read %d, %v after our Close", n, err)
		}
		unix.Close(peer)
	}
	if err := CloseFD(-1); !errors.Is(err, unix.EBADF) {
		t.Errorf("close of descriptor -1: %v", err)
	}
	if n := descriptors(t) - 1; n != before { // without the listener's
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

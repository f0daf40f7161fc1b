package sock

import (
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCut checks that Cut ends a blocked read, and all later reads and writes.
func TestCut(t *testing.T) {
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		if wait {
			go func() {
				for c.gate.Load() != idle {
					runtime.Gosched()
				}
				c.Cut()
			}()
			if n, err := c.ReadIdle(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("a read that waits: %d, %v", n, err)
			}
		} else {
			c.Cut()
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("wait=%v: read %d, %v", wait, n, err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, unix.EPIPE) {
			t.Errorf("wait=%v: write: %v", wait, err)
		}
		if n, err := read(peer, make([]byte, 1)); n != 0 || err != nil {
			t.Errorf("wait=%v: the peer reads %d, %v", wait, n, err)
		}
	}
	var never Conn
	never.Cut() // without a connection it must not touch descriptor 0
	if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
		t.Error(err)
	}
}

// TestCutAgainstClose checks that a Cut never reaches the socket that gets the
// descriptor after the connection's end.
//
// The rounds go on until some connections were cut while they were open, for at
// most 2,000 more rounds. If that happens in one round of 50 or more often, a
// run without it has a chance of 0.98^2000, about 10^-17. Other threads of the
// process open almost nothing, so the descriptor is used again; once is enough.
func TestCutAgainstClose(t *testing.T) {
	rounds := int64(scaled(200, 20_000))
	var c Conn
	var round, done atomic.Int64
	var stop atomic.Bool
	go func() {
		for !stop.Load() {
			n := round.Load()
			for range n % 61 {
				round.Load()
			}
			c.Cut()
			done.Store(n)
		}
	}()
	defer stop.Store(true)
	cut, same := 0, 0
	for n := int64(1); n <= rounds || (cut == 0 || same == 0) && n <= rounds+2_000; n++ {
		sp, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Reset(sp[0], true, false, nil)
		round.Store(n)
		for range n % 53 * 4 {
			round.Load()
		}
		if _, err := c.Write([]byte("x")); err != nil {
			cut++
		}
		c.Close()
		victim, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if victim[0] == sp[0] {
			same++
		}
		for seen := done.Load(); done.Load() == seen && seen != n; runtime.Gosched() {
		}
		if _, err := unix.Write(victim[0], []byte("y")); err != nil {
			t.Fatalf("round %d: the socket that got the descriptor next was cut: %v", n, err)
		}
		for _, fd := range []int{sp[1], victim[0], victim[1]} {
			unix.Close(fd)
		}
	}
	t.Logf("%d cut while they were open, %d times the number was used again", cut, same)
	if cut == 0 || same == 0 {
		t.Error("the race was not run")
	}
}

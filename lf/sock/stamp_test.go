package sock

import (
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

// TestArrived checks that the time stamp of data lies between its sending and
// its reading, on the clock of the flight recorder.
func TestArrived(t *testing.T) {
	const rounds = 20
	const exact = 2000 // ns: flight.Now is exact to 1 µs
	for _, wait := range []bool{true, false} {
		l := listen(t, Options{})
		if err := l.Stamp(true); err != nil {
			t.Fatal(err)
		}
		var sent, came, read int64
		once := func() {
			peer := dial(t, l)
			defer unix.Close(peer)
			fd, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			var c Conn
			c.Reset(fd, wait, l.Stamping(), nil)
			defer c.Close()
			sent = flight.Now()
			send1(t, peer, "x")
			arrived(t, fd)
			n, err := c.Read(make([]byte, 10))
			came, read = c.Arrived(), flight.Now()
			if n != 1 || err != nil {
				t.Fatalf("read %d, %v", n, err)
			}
		}
		until(t, "the kernel's first time stamp", func() bool { once(); return came != 0 })
		good := 0
		for range rounds {
			// The wall clock and the monotonic clock are read one after the
			// other. If the thread is interrupted in between, the result is
			// wrong. A reading takes far less than a time slice: if one of 20
			// is interrupted, more than half of them are once in 10^9 runs.
			if once(); sent-exact <= came && came <= read+exact {
				good++
			}
		}
		if good < rounds/2 {
			t.Errorf("wait=%v: %d of %d time stamps lie between sending and reading", wait, good, rounds)
		}
	}
}

// TestNoStamp checks that connections from before the switch on and after the
// switch off have no stamp.
func TestNoStamp(t *testing.T) {
	l := listen(t, Options{})
	check := func(when string) {
		t.Helper()
		peer := dial(t, l)
		defer unix.Close(peer)
		fd, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var c Conn
		// stamped is true although the descriptor has no stamps, as for a
		// connection that came just before the switch.
		c.Reset(fd, true, true, nil)
		defer c.Close()
		send1(t, peer, "x")
		arrived(t, fd)
		if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil || c.Arrived() != 0 {
			t.Errorf("%s: read %d, %v, arrived %d", when, n, err, c.Arrived())
		}
	}
	check("before")
	for _, on := range []bool{true, false} {
		if err := l.Stamp(on); err != nil || l.Stamping() != on {
			t.Fatalf("switch time stamps: %v, now %v", err, l.Stamping())
		}
	}
	check("after")
}

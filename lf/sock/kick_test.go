package sock

import (
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

// TestDrainServesWhatHasArrived checks that neither the flag nor a Kick ends a
// connection before data that has arrived is read.
func TestDrainServesWhatHasArrived(t *testing.T) {
	for _, kick := range []bool{false, true} {
		for _, data := range []string{"", "request"} {
			c, peer := pair(t, true)
			var draining atomic.Bool
			c.Reset(c.FD(), true, false, &draining)
			c.SetReadDeadline(flight.Now() + int64(patience))
			if data != "" {
				send1(t, peer, data)
				arrived(t, c.FD())
			}
			if kick { // as if the owner had just looked at the flag
				c.gate.Store(idle)
				c.Kick()
				c.gate.Store(busy)
			}
			draining.Store(true)
			p := make([]byte, 20)
			n, err := c.ReadIdle(p)
			if data == "" && (n != 0 || err != io.EOF) || data != "" && (string(p[:n]) != data || err != nil) {
				t.Errorf("kick=%v data=%q: read %q, %v", kick, data, p[:n], err)
			}
			if n, err := c.ReadIdle(p); n != 0 || err != io.EOF {
				t.Errorf("then: read %q, %v", p[:n], err)
			}
		}
	}
}

// TestKickEndsAnIdleWait kicks a wait that has begun and has no deadline.
func TestKickEndsAnIdleWait(t *testing.T) {
	c, _ := pair(t, true)
	var draining atomic.Bool
	c.Reset(c.FD(), true, false, &draining)
	go func() {
		for c.gate.Load() != idle {
			runtime.Gosched()
		}
		draining.Store(true)
		c.Kick()
	}()
	if n, err := c.ReadIdle(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v", n, err)
	}
}

// TestKickLeavesABusyConnAlone checks that a request which is being read goes
// on.
func TestKickLeavesABusyConnAlone(t *testing.T) {
	c, peer := pair(t, true)
	c.Kick()
	send1(t, peer, "body")
	arrived(t, c.FD())
	p := make([]byte, 10)
	if n, err := c.Read(p); string(p[:n]) != "body" || err != nil {
		t.Errorf("read %q, %v", p[:n], err)
	}
}

// TestOwnerWaitsForAKickUnderWay: a Kick that has seen the connection idle is
// about to use its descriptor. Until the Kick is done the owner must not
// return, because it might close the descriptor.
func TestOwnerWaitsForAKickUnderWay(t *testing.T) {
	c, peer := pair(t, true)
	var returned atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		n, err := c.ReadIdle(make([]byte, 10))
		if n != 1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		returned.Store(true)
	}()
	until(t, "the idle wait", func() bool { return c.gate.CompareAndSwap(idle, kicking) })
	send1(t, peer, "x")
	until(t, "the owner to have its data", func() bool {
		n, err := unix.IoctlGetInt(c.FD(), unix.SIOCINQ)
		return n == 0 && err == nil
	})
	// The owner has its data and looks at the state again and again. A correct
	// owner never fails this test. A wrong one passes if it gets no CPU for
	// 1,000 looks.
	for range 1000 {
		if runtime.Gosched(); returned.Load() {
			t.Fatal("the owner returned while its descriptor was in use")
		}
	}
	c.gate.Store(kicked)
	<-done
}

// TestKickAgainstReadIdle lets a Kick, a request and the end of the idle wait
// race. It checks the socket that gets the descriptor next: its read side must
// stay open.
//
// The rounds go on until each outcome has been seen, for at most 2,000 more
// rounds. If each has a chance of one in 50, a run that misses one has a chance
// of about 10^-17.
func TestKickAgainstReadIdle(t *testing.T) {
	least := int64(scaled(200, 20_000))
	socketpair := func() [2]int {
		sp, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		return sp
	}
	before := descriptors(t)
	var (
		c          Conn
		draining   atomic.Bool
		round      atomic.Int64 // of the owner
		kicked     atomic.Int64 // the last round that the kicker has finished
		peer       atomic.Int64
		served     int
		ended      int
		sameNumber int
	)
	go func() {
		for n := int64(1); ; n++ {
			for round.Load() != n {
				if round.Load() < 0 {
					return
				}
				runtime.Gosched()
			}
			// In half of the rounds the request comes first, in some of them
			// long before.
			if n%2 == 0 {
				unix.Write(int(peer.Load()), []byte("x"))
			}
			for range n % 97 * 4 {
				round.Load()
			}
			draining.Store(true)
			c.Kick()
			kicked.Store(n)
		}
	}()
	p := make([]byte, 10)
	raced := func() bool { return served > 0 && ended > 0 && sameNumber > 0 }
	for n := int64(0); n < least || !raced() && n < least+2_000; n++ {
		sp := socketpair()
		peer.Store(int64(sp[1]))
		draining.Store(false)
		c.Reset(sp[0], true, false, &draining)
		c.SetReadDeadline(flight.Now() + int64(patience))
		round.Store(n + 1)
		switch got, err := c.ReadIdle(p); {
		case got == 1 && err == nil:
			served++
		case got == 0 && errors.Is(err, io.EOF):
			ended++
		default:
			t.Fatalf("round %d: read %d, %v", n, got, err)
		}
		c.Close()
		victim := socketpair()
		if victim[0] == sp[0] {
			sameNumber++
		}
		for kicked.Load() != n+1 {
			runtime.Gosched()
		}
		send1(t, victim[1], "y")
		if got, err := unix.Read(victim[0], p); got != 1 || err != nil {
			t.Fatalf("round %d: the socket that got descriptor %d next read %d, %v", n, sp[0], got, err)
		}
		for _, fd := range []int{sp[1], victim[0], victim[1]} {
			unix.Close(fd)
		}
	}
	round.Store(-1)
	t.Logf("%d served, %d ended, %d times the number was used again", served, ended, sameNumber)
	if !raced() {
		t.Error("the race was not run")
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

func TestConnThatDoesNotWaitIgnoresDrain(t *testing.T) {
	c, peer := pair(t, false)
	if c.Waits() {
		t.Fatal("it says that it waits")
	}
	c.SetReadDeadline(flight.Now() + int64(time.Hour)) // a wait would block
	if _, err := c.ReadIdle(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	c.Kick()
	send1(t, peer, "x")
	arrived(t, c.FD())
	if n, err := c.ReadIdle(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

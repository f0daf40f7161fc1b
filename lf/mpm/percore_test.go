package mpm

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/httpd"
)

// waits returns the timeouts, ms, of the threads in epoll_pwait. It returns
// false if the kernel does not tell.
func (r *rig) waits() (timeouts []int32, ok bool) {
	calls, ok := r.calls()
	for _, call := range calls {
		var number int
		var set, events, most, timeout uint64
		if n, _ := fmt.Sscanf(call, "%d 0x%x 0x%x 0x%x 0x%x", &number, &set, &events, &most, &timeout); n == 5 && number == unix.SYS_EPOLL_PWAIT {
			timeouts = append(timeouts, int32(timeout))
		}
	}
	return timeouts, ok
}

// TestPercoreTimer checks that a thread without deadlines sets no timer, and
// that one with an idle connection wakes at its deadline.
func TestPercoreTimer(t *testing.T) {
	r := start(t, "percore", setup{limits: httpd.Limits{KeepAliveTimeout: time.Hour}})
	timers := func(want int) {
		t.Helper()
		until(t, fmt.Sprintf("%d timers", want), func() bool {
			timeouts, ok := r.waits()
			n := 0
			for _, ms := range timeouts {
				if ms >= 0 {
					n++
				}
			}
			return !ok || len(timeouts) == r.threads && n == want
		})
	}
	timers(0)
	c := r.dial()
	c.send(getHello)
	c.hello("GET")
	timers(1)
	c.Close()
	r.idle()
	timers(0)
}

// TestPercoreKeepsNothingOfShortVisits checks that a connection that is closed
// after its answer never enters an epoll set, and that its place is reused.
func TestPercoreKeepsNothingOfShortVisits(t *testing.T) {
	r := start(t, "percore", setup{})
	for range 50 {
		r.check()
	}
	r.idle()
	r.stop()
	for id, c := range r.m.(*percore).cores {
		if len(c.links.all) > 1 || c.links.open.Load() != 0 {
			t.Errorf("thread %d: %d places for one connection at a time, %d open", id, len(c.links.all), c.links.open.Load())
		}
		for _, l := range c.links.all {
			if l.inSet {
				t.Errorf("thread %d: a connection was put into the epoll set", id)
			}
		}
	}
}

// TestPercoreIdleConnections checks that an idle connection costs only its
// link, and no session.
func TestPercoreIdleConnections(t *testing.T) {
	const connections = 200
	r := start(t, "percore", setup{threads: 2})
	var all []*client
	for range connections {
		c := r.dial()
		c.send(getHello)
		c.hello("GET")
		all = append(all, c)
	}
	for _, c := range all { // they can continue
		c.send(getHello)
		c.hello("GET")
	}
	if n := r.m.Status().Counters["connections_open"]; n != connections {
		t.Errorf("%d connections open, want %d", n, connections)
	}
	r.m.Drain()
	for _, c := range all {
		c.end()
	}
	r.finish()
	for id, c := range r.m.(*percore).cores {
		spare := 0
		for _, ok := c.seat.spare.Pop(); ok; _, ok = c.seat.spare.Pop() {
			spare++
		}
		if spare > 2 {
			t.Errorf("thread %d has %d sessions to spare, though no connection held one for long", id, spare)
		}
	}
}

// TestPercoreDivides checks that each thread serves the connections of its own
// listener. With enough connections all threads have some.
func TestPercoreDivides(t *testing.T) {
	r := start(t, "percore", setup{threads: 3})
	until(t, "connections at all threads", func() bool {
		r.check()
		for i := range r.m.(*percore).seats {
			if r.m.(*percore).seats[i].Connections.Load() == 0 {
				return false
			}
		}
		return true
	})
}

// TestRequestDuringAResponse sends a request while its connection waits for
// room. It is answered later although no event reports it again: two requests
// are buffered by then, and the session need not read to go on.
func TestRequestDuringAResponse(t *testing.T) {
	const n = 10_000_000 // more than two sockets' buffers hold
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send(bytesRequest(n) + getHello)
		var before uint64
		until(t, "the response to fill the connection", func() bool {
			bytes := r.m.Status().Bytes
			if bytes == 0 || bytes != before {
				before = bytes
				runtime.Gosched()
				return false
			}
			return true
		})
		c.send(getHello)
		r.check() // by now threads that do not wait have seen the request
		if _, body := c.answer("GET"); len(body) != n {
			t.Fatalf("%d bytes", len(body))
		}
		c.hello("GET")
		c.hello("GET")
	})
}

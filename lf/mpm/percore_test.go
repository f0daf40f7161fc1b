package mpm

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/httpd"
)

// waits are the timeouts of the threads that are in epoll_pwait, ms, or false
// where the kernel does not tell.
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

// TestPercoreTimer: a thread with nothing due sets no timer, one with an idle
// connection wakes when that is due.
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

// TestPercoreKeepsNothingOfShortVisits: a connection that is answered and
// closed at once was never in an epoll set, and its place is used again.
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

// TestPercoreIdleConnections: what an idle connection costs is its link; no
// session stays with it.
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
	for _, c := range all { // and they go on
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

// TestPercoreDivides: each thread serves the connections of its own
// listener; with enough of them all threads have some.
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

// TestRequestDuringAResponse: a request that arrives while its connection
// waits for room is answered after, though nothing tells of it again: two
// requests are in hand by then, and the session need not read to go on.
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
		r.check() // by now threads that do not wait have seen it
		if _, body := c.answer("GET"); len(body) != n {
			t.Fatalf("%d bytes", len(body))
		}
		c.hello("GET")
		c.hello("GET")
	})
}

package mpm

import (
	"testing"

	"lflab/lf/serve"
)

// TestHeldTurns steps a connection's states as threads that overtake each
// other would.
func TestHeldTurns(t *testing.T) {
	var c held
	if c.take(0) || c.waits() {
		t.Fatal("a connection that never was can be taken")
	}
	c.open(7, false)
	first, token := c.arm()
	if token != 7|first<<32 {
		t.Errorf("token %#x of turn %d", token, first)
	}
	if c.waits() {
		t.Error("it may be closed before epoll_ctl has returned")
	}
	if c.take(uint32(first) + 1) {
		t.Error("taken for another turn")
	}
	if !c.take(uint32(first)) || c.take(uint32(first)) {
		t.Fatal("an event is good for once")
	}
	// It is served and begins another turn, and only then the first worker
	// returns from its epoll_ctl.
	second, _ := c.arm()
	c.armed(first)
	if c.waits() {
		t.Fatal("the first worker's return counted for the second's turn")
	}
	c.armed(second)
	if !c.waits() {
		t.Fatal("it does not wait")
	}
	// The listener closes it, and an event for it was reported meanwhile.
	if fd := c.shut(); fd != 7 || c.conn.FD() != -1 {
		t.Errorf("shut returned %d, and kept %d", fd, c.conn.FD())
	}
	if c.take(uint32(second)) || c.waits() {
		t.Error("a closed connection can be taken")
	}
	c.open(7, false)
	if c.take(uint32(second)) {
		t.Error("taken for its predecessor's event")
	}
	third, _ := c.arm()
	if third == second || c.take(uint32(second)) {
		t.Error("taken for its predecessor's event")
	}
	c.disarmed(third)
	if c.take(uint32(third)) || c.waits() {
		t.Error("taken though the set refused it")
	}
}

// TestLine: first in, first out, and memory that does not grow with what has
// gone through.
func TestLine(t *testing.T) {
	var l line[*held]
	all := make([]held, 1000)
	in, out := 0, 0
	for range 50_000 {
		for range 1 + in%3 {
			if in-out < 100 {
				l.push(&all[in%len(all)])
				in++
			}
		}
		for range 1 + in%2 {
			if l.empty() != (in == out) {
				t.Fatalf("empty: %v with %d in it", l.empty(), in-out)
			}
			if !l.empty() {
				if c := l.pop(); c != &all[out%len(all)] {
					t.Fatalf("element %d is another", out)
				}
				out++
			}
		}
	}
	if cap(l.all) > 512 {
		t.Errorf("room for %d, though there never were more than 100", cap(l.all))
	}
}

// TestEventRefusesToWait: a connection that the set does not take is closed,
// and nothing of it is left.
func TestEventRefusesToWait(t *testing.T) {
	r := start(t, "event", setup{})
	m := r.m.(*event)
	c := new(held)
	c.open(-1, false) // which epoll_ctl refuses
	c.next.set(serve.Idle)
	m.alive.Add(1)
	m.park(c, 0)
	if m.alive.Load() != 0 || m.inSet.Load() != 0 || c.state.Load()&stateMask != closedState {
		t.Errorf("%d open, %d in the set, state %d", m.alive.Load(), m.inSet.Load(), c.state.Load()&stateMask)
	}
	r.check()
}

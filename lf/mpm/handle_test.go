package mpm

import (
	"testing"

	"lflab/lf/serve"
)

// TestHandleTurns steps a connection's states as threads that overtake each
// other would.
func TestHandleTurns(t *testing.T) {
	var h handle
	if h.claim(0) || h.waits() {
		t.Fatal("a connection that never was can be taken")
	}
	h.open(7, false)
	first, token := h.arm()
	if token != 7|first<<32 {
		t.Errorf("token %#x of turn %d", token, first)
	}
	if h.waits() {
		t.Error("it may be closed before epoll_ctl has returned")
	}
	if h.claim(uint32(first) + 1) {
		t.Error("taken for another turn")
	}
	if !h.claim(uint32(first)) || h.claim(uint32(first)) {
		t.Fatal("an event is good for once")
	}
	// It is served and begins another turn. Only then does the first worker
	// return from its epoll_ctl.
	second, _ := h.arm()
	h.armed(first)
	if h.waits() {
		t.Fatal("the first worker's return counted for the second's turn")
	}
	h.armed(second)
	if !h.waits() {
		t.Fatal("it does not wait")
	}
	// The listener closes it after an event for it was reported.
	if fd := h.shut(); fd != 7 || h.conn.FD() != -1 {
		t.Errorf("shut returned %d, and kept %d", fd, h.conn.FD())
	}
	if h.claim(uint32(second)) || h.waits() {
		t.Error("a closed connection can be taken")
	}
	h.open(7, false)
	if h.claim(uint32(second)) {
		t.Error("taken for its predecessor's event")
	}
	third, _ := h.arm()
	if third == second || h.claim(uint32(second)) {
		t.Error("taken for its predecessor's event")
	}
	h.disarmed(third)
	if h.claim(uint32(third)) || h.waits() {
		t.Error("taken though the set refused it")
	}
}

// TestFIFO checks the order, and that memory does not grow with the number of
// elements that passed through.
func TestFIFO(t *testing.T) {
	var l fifo[*handle]
	all := make([]handle, 1000)
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

// TestEventRefusesToWait checks that a connection that the set refuses is
// closed, and that nothing of it is left.
func TestEventRefusesToWait(t *testing.T) {
	r := start(t, "event", setup{})
	m := r.m.(*event)
	h := new(handle)
	h.open(-1, false) // so that epoll_ctl refuses it
	h.next.set(serve.Idle)
	m.alive.Add(1)
	m.await(&m.seats[0], h, serve.Idle)
	if m.alive.Load() != 0 || m.inSet.Load() != 0 || h.state.Load()&whereMask != shut {
		t.Errorf("%d open, %d in the set, state %d", m.alive.Load(), m.inSet.Load(), h.state.Load()&whereMask)
	}
	r.check()
}

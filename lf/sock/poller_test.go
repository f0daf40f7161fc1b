package sock

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

// look polls a Poller. It returns the number of events of connections, and the
// listeners that are ready.
func look(t *testing.T, p *Poller) (others int, ready Ready) {
	t.Helper()
	var events [8]unix.EpollEvent
	now := flight.Now()
	n, err := p.WaitTill(events[:], now, now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if !ready.Note(Token(&events[i])) {
			others++
		}
	}
	return others, ready
}

// TestPoller checks that events of listeners and connections are distinguished,
// and that listeners take turns and are out of the set while suspended.
func TestPoller(t *testing.T) {
	a, b := listen(t, Options{}), listen(t, Options{})
	before := descriptors(t)
	w, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPoller(w, false, a, b)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string, want Ready) {
		t.Helper()
		if others, ready := look(t, p); others != 0 || ready != want {
			t.Fatalf("%s: listeners %b are ready, want %b; %d others", what, ready, want, others)
		}
	}
	expect("nobody connects", 0)
	var peers []int
	for range 2 {
		peers = append(peers, dial(t, a), dial(t, b))
	}
	expect("some connect", 0b11)
	_, ready := look(t, p)
	first, err := p.Accept(&ready)
	if err != nil || ready != 0 {
		t.Fatalf("accept: %v, listeners %b are ready still", err, ready)
	}
	_, ready = look(t, p)
	second, err := p.Accept(&ready)
	if err != nil {
		t.Fatal(err)
	}
	for fd, l := range map[int]*Listener{first: a, second: b} {
		sa, err := unix.Getsockname(fd)
		if err != nil || sa.(*unix.SockaddrInet4).Port != int(l.Addr().Port()) {
			t.Errorf("a connection of another listener: %v, %v", sa, err)
		}
	}
	p.Suspend()
	if p.Listening() {
		t.Error("listens while it is suspended")
	}
	expect("suspended", 0)
	p.Look()
	expect("looked while suspended", 0)
	p.Resume()
	expect("resumed", 0b11)
	p.Look()
	expect("looked", 0b11)
	ready = 0b10
	third, err := p.Accept(&ready)
	if err != nil {
		t.Fatal(err)
	}
	ready = 0b10
	if fd, err := p.Accept(&ready); !errors.Is(err, ErrNoConnection) || ready != 0 {
		t.Errorf("nobody waits: %d, %v", fd, err)
	}
	if err := p.Add(third, unix.EPOLLOUT, 7); err != nil {
		t.Fatal(err)
	}
	if others, ready := look(t, p); others != 1 || ready != 0b01 {
		t.Errorf("%d connections and listeners %b are ready", others, ready)
	}
	a.Shutdown()
	ready = 0b01
	if _, err := p.Accept(&ready); !errors.Is(err, ErrEnded) || !p.Listening() {
		t.Errorf("an ended listener: %v", err)
	}
	p.Resume()
	if others, ready := look(t, p); others != 1 || ready != 0 {
		t.Errorf("left: %d connections and listeners %b are ready", others, ready)
	}
	for _, fd := range append(peers, first, second, third) {
		unix.Close(fd)
	}
	if err := errors.Join(p.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if n := descriptors(t); n > before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

// TestPollerWakes checks that each Wake ends one wait on each set, even if the
// wait begins later.
func TestPollerWakes(t *testing.T) {
	w, err := NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var sets [2]*Poller
	for i := range sets {
		if sets[i], err = NewPoller(w, true, listen(t, Options{})); err != nil {
			t.Fatal(err)
		}
		defer sets[i].Close()
	}
	var events [1]unix.EpollEvent
	for range 3 {
		go w.Wake()
		for _, p := range sets {
			n, err := p.WaitTill(events[:], 0, Never)
			var ready Ready
			if n != 1 || err != nil || !ready.Note(Token(&events[0])) || ready != 0 {
				t.Fatalf("%d events, %v, listeners %b are ready", n, err, ready)
			}
		}
	}
}

package sock

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEpoll(t *testing.T) {
	before := descriptors(t)
	e, err := newEpoll()
	if err != nil {
		t.Fatal(err)
	}
	sp, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	const token = 0xfedcba98_76543210
	events := make([]unix.EpollEvent, 4)
	expect := func(what string, want int) {
		t.Helper()
		n, err := e.Wait(events, 0)
		if n != want || err != nil {
			t.Fatalf("%s: %d events, %v", what, n, err)
		}
		if n == 1 && Token(&events[0]) != token {
			t.Fatalf("%s: token %#x", what, Token(&events[0]))
		}
	}
	if err := e.Add(sp[0], unix.EPOLLIN|unix.EPOLLONESHOT, token); err != nil {
		t.Fatal(err)
	}
	expect("nothing to read", 0)
	send1(t, sp[1], "x")
	expect("something to read", 1)
	expect("reported once", 0)
	if err := e.Modify(sp[0], unix.EPOLLIN|unix.EPOLLONESHOT, token); err != nil {
		t.Fatal(err)
	}
	expect("armed again", 1)
	if err := e.Modify(sp[0], unix.EPOLLIN, token); err != nil {
		t.Fatal(err)
	}
	if err := e.Remove(sp[0]); err != nil {
		t.Fatal(err)
	}
	expect("removed", 0)
	for _, fd := range sp {
		unix.Close(fd)
	}
	if err := e.Add(sp[0], unix.EPOLLIN, token); !errors.Is(err, unix.EBADF) {
		t.Errorf("adding what is closed: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := e.Wait(events, 0); !errors.Is(err, unix.EBADF) {
		t.Errorf("waiting on a closed set: %v", err)
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

// TestSignalEndsEpollWait checks that Wait returns no events after a signal, so
// that the caller can check its own conditions.
func TestSignalEndsEpollWait(t *testing.T) {
	e, err := newEpoll()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := underSignals(func() error {
		n, err := e.Wait(make([]unix.EpollEvent, 1), -1)
		if n != 0 {
			t.Errorf("%d events", n)
		}
		return err
	}, func(int) {}); err != nil {
		t.Error(err)
	}
}

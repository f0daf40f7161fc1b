package sock

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestTurns(t *testing.T) {
	var turns Turns
	for i, step := range []struct {
		ready uint64
		want  int
	}{
		{0b111, 0}, {0b111, 1}, {0b111, 2}, {0b111, 0}, {0b101, 2}, {0b010, 1}, {0b010, 1},
		{1 << 63, 63}, {1<<63 | 1, 0}, {1<<63 | 1, 63}, {^uint64(0), 0},
	} {
		if got := turns.Next(step.ready); got != step.want {
			t.Errorf("step %d: ready %b: %d, want %d", i, step.ready, got, step.want)
		}
	}
}

// TestSeveralListeners checks that listeners with connections are served in
// turn, and that a single one with connections is served.
func TestSeveralListeners(t *testing.T) {
	for _, mode := range AcceptModes() {
		t.Run("accept="+mode.Name, func(t *testing.T) {
			if err := mode.Usable(); err != nil {
				t.Skip(err)
			}
			const each = 4
			var ls []*Listener
			for range 3 {
				ls = append(ls, listen(t, Options{}))
			}
			a, err := mode.New(ls...)
			if mode.Name == "epoll-et" || mode.Name == "uring" || mode.Name == "uring-single" {
				if err == nil {
					t.Error("several are accepted from")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			for _, l := range ls {
				for range each {
					peer := dial(t, l)
					defer unix.Close(peer)
				}
			}
			port := func() int {
				fd, err := a.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(fd)
				sa, err := unix.Getsockname(fd)
				if err != nil {
					t.Fatal(err)
				}
				return sa.(*unix.SockaddrInet4).Port
			}
			for i := range 3 * each {
				if got, want := port(), int(ls[i%3].Addr().Port()); got != want {
					t.Errorf("connection %d came from port %d, want %d", i, got, want)
				}
			}
			for range 3 {
				peer := dial(t, ls[1])
				defer unix.Close(peer)
				if got, want := port(), int(ls[1].Addr().Port()); got != want {
					t.Errorf("the only one came from port %d, want %d", got, want)
				}
			}
			if _, err := mode.New(make([]*Listener, MostListeners+1)...); err == nil {
				t.Error("more listeners than there is room for are taken")
			}
		})
	}
}

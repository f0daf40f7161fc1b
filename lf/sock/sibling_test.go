package sock

import (
	"errors"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSiblings checks that connections come to both listeners in the long run,
// that stamping and Shutdown apply to both, and that each is closed by itself.
func TestSiblings(t *testing.T) {
	first := listen(t, Options{ReusePort: true})
	second, err := first.Sibling()
	if err != nil {
		t.Fatal(err)
	}
	if second.Addr() != first.Addr() {
		t.Fatalf("%v and %v", first.Addr(), second.Addr())
	}
	third, err := first.Sibling()
	if err != nil {
		t.Fatal(err)
	}
	all := []*Listener{first, second, third}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Stamp(true); err != nil {
		t.Fatalf("stamp, with a sibling closed: %v", err)
	}
	for i, l := range all[:2] {
		if !l.Stamping() {
			t.Errorf("listener %d does not stamp", i)
		}
		if err := l.DoNotWait(); err != nil {
			t.Fatal(err)
		}
	}
	var got [2]int
	until(t, "connections at both", func() bool {
		peer := dial(t, first)
		defer unix.Close(peer)
		for i, l := range all[:2] {
			if fd, err := l.Accept(); err == nil {
				unix.Close(fd)
				got[i]++
				return got[0] > 0 && got[1] > 0
			}
		}
		t.Fatal("no listener got the connection")
		return false
	})
	second.NoteShort(unix.EMFILE)
	if first.Short.Load() != 1 {
		t.Error("a sibling's shortage is not counted at the first")
	}
	first.Shutdown()
	for i, l := range all[:2] {
		if _, err := l.Accept(); !errors.Is(err, ErrEnded) {
			t.Errorf("listener %d after the shutdown: %v", i, err)
		}
	}
	if c, err := net.DialTimeout("tcp", first.Addr().String(), patience); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connected to listeners that are shut down: %v, %v", c, err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// TestSiblingStamps checks that a later sibling stamps as the first listener
// does.
func TestSiblingStamps(t *testing.T) {
	first := listen(t, Options{ReusePort: true})
	if err := first.Stamp(true); err != nil {
		t.Fatal(err)
	}
	second, err := first.Sibling()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if !second.Stamping() {
		t.Error("it does not")
	}
}

func TestNoSiblingUnasked(t *testing.T) {
	if s, err := listen(t, Options{}).Sibling(); err == nil || !strings.Contains(err.Error(), "set Options.ReusePort") {
		t.Errorf("%v, %v", s, err)
	}
}

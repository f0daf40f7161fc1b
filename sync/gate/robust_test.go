package gate

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestRobustHolderEnds ends the thread that holds the gate while another one
// waits. (The tests of package futex do so with processes.)
func TestRobustHolderEnds(t *testing.T) {
	g := make1(t, robustKind, 2)
	var waiter *member
	var spare []*member // those on the main thread, which never ends
	release := make(chan struct{})
	for ended := false; !ended; {
		holder := start(t, 0, func() {
			if unix.Gettid() == unix.Getpid() {
				<-release
				return
			}
			g.Acquire(0)
			waiter = start(t, 1, func() {
				g.Acquire(1)
				g.Release(1)
			})
			waiter.waits(g, internalsOf["robust"])
		})
		if ended = holder.tid != unix.Getpid(); ended {
			holder.ends()
		} else {
			spare = append(spare, holder)
		}
	}
	waiter.ends()
	close(release)
	for _, m := range spare {
		m.ends()
	}
}

// TestRobustBesideShared checks that a thread that holds a robust gate can also
// acquire a gate that processes share.
func TestRobustBesideShared(t *testing.T) {
	g := make1(t, robustKind, 1)
	f := newFamily(t, sharedPthreadKind, SharedOptions{})
	s := f.opens()
	start(t, 0, func() {
		for range 10 {
			g.Acquire(0)
			if err := s.Acquire(nil); err != nil {
				t.Error(err)
				return
			}
			s.Release()
			g.Release(0)
		}
	}).ends()
}

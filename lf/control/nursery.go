package control

import (
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// nursery starts processes from a thread of its own. What a process may never
// have again is taken from that thread first, and every child inherits it:
// capabilities cannot come back through its bounding set, and no program that
// it executes gains privileges (PR_SET_NO_NEW_PRIVS, see prctl(2)). Both are
// attributes of a thread, so the parent itself keeps what it has.
type nursery struct {
	orders chan birth
}

// birth is one process to start.
type birth struct {
	path   string
	args   []string
	attr   *syscall.ProcAttr
	answer chan<- born
}

type born struct {
	pid int
	err error
}

// newNursery starts the thread. With drop, its children can never have
// privileges. It lasts until close.
func newNursery(drop bool) (*nursery, error) {
	n := &nursery{orders: make(chan birth)}
	ready := make(chan error)
	go n.work(drop, ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	return n, nil
}

func (n *nursery) work(drop bool, ready chan<- error) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	if drop {
		if err := dropForChildren(); err != nil {
			ready <- err
			return
		}
	}
	ready <- nil
	for b := range n.orders {
		pid, err := syscall.ForkExec(b.path, b.args, b.attr)
		b.answer <- born{pid, err}
	}
}

// start starts a process and returns its pid. It blocks until the program has
// been executed, or could not be.
func (n *nursery) start(path string, args []string, attr *syscall.ProcAttr) (int, error) {
	answer := make(chan born)
	n.orders <- birth{path, args, attr, answer}
	b := <-answer
	return b.pid, b.err
}

func (n *nursery) close() { close(n.orders) }

// dropForChildren takes from the calling thread what its children are not to
// have. It keeps the capabilities that it has in effect, which it needs for
// changing the user; a program that is executed as another user loses those.
func dropForChildren() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// EINVAL: the kernel is older than this capability. EPERM: a container
		// may not touch the set; what follows is enough then.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL && err != unix.EPERM {
			return fmt.Errorf("drop capability %d of children: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("keep children from gaining privileges: %w", err)
	}
	return nil
}

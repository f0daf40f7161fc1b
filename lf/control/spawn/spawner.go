package spawn

import (
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Spawner starts processes from a thread of its own. The thread can first give
// up privileges, and every child inherits that. Capabilities that are dropped
// from the bounding set cannot come back, and with PR_SET_NO_NEW_PRIVS no
// executed program gains privileges (prctl(2)). Both are attributes of a
// thread, so the parent keeps its privileges.
type Spawner struct {
	orders chan spawnOrder
}

// spawnOrder is the order to start one process.
type spawnOrder struct {
	path   string
	args   []string
	attr   *syscall.ProcAttr
	answer chan<- spawned
}

type spawned struct {
	pid int
	err error
}

// NewSpawner starts the thread, which runs until close. With drop, its children
// can never gain privileges.
func NewSpawner(drop bool) (*Spawner, error) {
	n := &Spawner{orders: make(chan spawnOrder)}
	ready := make(chan error)
	go n.work(drop, ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	return n, nil
}

func (n *Spawner) work(drop bool, ready chan<- error) {
	runtime.LockOSThread() // never unlocked, so that the thread ends with the goroutine
	if drop {
		if err := dropForChildren(); err != nil {
			ready <- err
			return
		}
	}
	ready <- nil
	for b := range n.orders {
		pid, err := syscall.ForkExec(b.path, b.args, b.attr)
		b.answer <- spawned{pid, err}
	}
}

// Start starts a process and returns its pid. It blocks until the program has
// been executed or has failed to execute.
func (n *Spawner) Start(path string, args []string, attr *syscall.ProcAttr) (int, error) {
	answer := make(chan spawned)
	n.orders <- spawnOrder{path, args, attr, answer}
	b := <-answer
	return b.pid, b.err
}

func (n *Spawner) Close() { close(n.orders) }

// dropForChildren makes the calling thread give up what its children must not
// get. The thread keeps its effective capabilities, because changing the user
// needs them. A program that is executed as another user loses those.
func dropForChildren() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// EINVAL means that the kernel is older than this capability. EPERM
		// means that a container may not change the set; PR_SET_NO_NEW_PRIVS
		// is enough then.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL && err != unix.EPERM {
			return fmt.Errorf("drop capability %d of children: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("keep children from gaining privileges: %w", err)
	}
	return nil
}

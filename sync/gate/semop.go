package gate

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var semopKind = Kind{
	Name:   "semop",
	Doc:    "System V semaphore with SEM_UNDO, Apache's AcceptMutex sysvsem: handed over in the kernel, first come, first served, given back when the process dies; two system calls even when nobody waits",
	Kernel: "2.6",
	New:    newSemop,
}

// semop is a semaphore of its own, private to who knows its number. Release
// makes the waiting thread's operation for it before that one runs: nobody
// overtakes. A signal costs a waiting thread its place in the queue.
//
// If the process dies the kernel undoes an Acquire without its Release. The
// semaphore itself stays in the system, for System V objects belong to nobody:
// there is no call that removes them with their last user. One that a killed
// process left behind shows in "ipcs -s", with key 0, and goes with "ipcrm -s".
type semop struct {
	id         int
	take, give sembuf
	handover
}

// sembuf is the kernel's struct of that name.
type sembuf struct {
	index uint16
	add   int16
	flags int16
}

const semUndo = 0x1000

func newSemop(int) (Gate, error) {
	id, err := semget()
	if err != nil {
		return nil, fmt.Errorf("make System V semaphore: %w", err)
	}
	s := newSemopOn(id)
	// The first token belongs to no process: it is not to be undone.
	if errno := semopNow(s.id, &sembuf{add: +1}); errno != 0 {
		s.Close()
		return nil, fmt.Errorf("set System V semaphore %d: %w", s.id, errno)
	}
	// Undoing needs memory, which is set aside here and not in Acquire.
	for _, op := range []*sembuf{&s.take, &s.give} {
		if errno := semopNow(s.id, op); errno != 0 {
			s.Close()
			return nil, fmt.Errorf("try System V semaphore %d with SEM_UNDO: %w", s.id, errno)
		}
	}
	return s, nil
}

// newSemopOn is for a semaphore that there is.
func newSemopOn(id int) *semop {
	return &semop{
		id:   id,
		take: sembuf{add: -1, flags: semUndo},
		give: sembuf{add: +1, flags: semUndo},
	}
}

func (s *semop) Acquire(int) {
	if err := s.wait(nil); err != nil {
		panic(fmt.Sprintf("gate semop: %v", err))
	}
	s.in()
}

// wait blocks until it has taken the semaphore, or ended says after a signal
// that it is not to. The kernel restarts the call after no signal.
func (s *semop) wait(ended func() bool) error {
	for {
		switch errno := semopWait(s.id, &s.take); {
		case errno == 0:
			return nil
		case errno != unix.EINTR:
			return fmt.Errorf("take System V semaphore %d: %w", s.id, errno)
		case interrupted(ended):
			return ErrInterrupted
		}
	}
}

func (s *semop) Release(int) {
	s.out()
	if errno := semopNow(s.id, &s.give); errno != 0 {
		panic(fmt.Sprintf("gate semop: release semaphore %d: %v", s.id, errno))
	}
}

func (s *semop) Close() error {
	if err := semremove(s.id); err != nil {
		return fmt.Errorf("remove System V semaphore %d: %w", s.id, err)
	}
	return nil
}

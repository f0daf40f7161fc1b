package gate

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var semopKind = Kind{
	Name:   "semop",
	Doc:    "System V semaphore with SEM_UNDO, Apache's AcceptMutex sysvsem: handed over in the kernel, first come, first served, given back when the process dies; two system calls even when no thread waits",
	Kernel: "2.6",
	New:    newSemop,
}

// semop is a private System V semaphore. Release performs the waiting thread's
// operation before that thread runs, so no other thread overtakes it. A signal
// makes a waiting thread lose its place in the queue.
//
// If the process dies, the kernel undoes an Acquire without its Release. The
// semaphore itself stays in the system, because no call removes a System V
// object with its last user. One that a killed process left shows in "ipcs -s"
// with key 0; "ipcrm -s" removes it.
type semop struct {
	id         int
	take, give sembuf
	handover
}

// sembuf is the kernel's struct sembuf.
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
	// The kernel must not undo this operation when the process ends, so it has
	// no SEM_UNDO.
	if errno := semopNow(s.id, &sembuf{add: +1}); errno != 0 {
		s.Close()
		return nil, fmt.Errorf("set System V semaphore %d: %w", s.id, errno)
	}
	// The first operation with SEM_UNDO allocates memory. Make it here and not
	// in Acquire.
	for _, op := range []*sembuf{&s.take, &s.give} {
		if errno := semopNow(s.id, op); errno != 0 {
			s.Close()
			return nil, fmt.Errorf("try System V semaphore %d with SEM_UNDO: %w", s.id, errno)
		}
	}
	return s, nil
}

// newSemopOn uses a semaphore that exists.
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

// wait blocks until it has taken the semaphore. It returns ErrInterrupted if a
// signal comes and ended then reports true. The kernel never restarts the call
// after a signal.
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

package gate

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var sharedSysVKind = SharedKind{
	Name:   "sysvsem",
	Doc:    "System V semaphore with SEM_UNDO: handed over in the kernel, one system call each for taking and giving; an object that outlives a parent that is killed",
	Kernel: "2.6",
	Order:  "first come, first served, as long as no signal comes; handed over, so that no thread overtakes",
	Death:  "the kernel, when it undoes the operations of the dead process",

	New: newSharedSysV,
	open: func(p Passport, _ []int) (lock, error) {
		if err := semseen(p.Semaphore); err != nil {
			return nil, fmt.Errorf("open System V semaphore %d: %w", p.Semaphore, err)
		}
		s := newSemopOn(p.Semaphore)
		return &sharedSysV{s}, nil
	},
}

// sharedSysV is a semop that the parent makes and removes.
type sharedSysV struct{ *semop }

func newSharedSysV(opt SharedOptions) (*SharedOwner, error) {
	g, err := newSemop(1)
	if err != nil {
		return nil, err
	}
	s := g.(*semop)
	if opt.owned() {
		if err := semgive(s.id, opt); err != nil {
			s.Close()
			return nil, fmt.Errorf("give System V semaphore %d to the user of the children: %w", s.id, err)
		}
	}
	return &SharedOwner{passport: Passport{Kind: "sysvsem", Semaphore: s.id}, close: s.Close}, nil
}

func (s *sharedSysV) acquire(ended func() bool) error { return s.wait(ended) }

// release has no effect if the parent has removed the semaphore meanwhile. The
// next acquire then returns an error.
func (s *sharedSysV) release() {
	switch errno := semopNow(s.id, &s.give); errno {
	case 0, unix.EINVAL, unix.EIDRM:
	default:
		panic(fmt.Sprintf("shared gate sysvsem: release semaphore %d: %v", s.id, errno))
	}
}

// orphaned removes the semaphore. It returns nil if another process has already
// done so.
func (s *sharedSysV) orphaned() error {
	if err := semremove(s.id); err != nil && err != unix.EINVAL && err != unix.EIDRM {
		return fmt.Errorf("remove System V semaphore %d: %w", s.id, err)
	}
	return nil
}

func (s *sharedSysV) Close() error { return nil }

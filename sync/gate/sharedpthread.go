package gate

import (
	"errors"
	"os"
	"runtime"

	"lflab/sync/futex"
)

var sharedPthreadKind = SharedKind{
	Name:   "pthread",
	Doc:    "robust futex in shared memory, as a process-shared robust mutex is: one system call even when no thread waits, because the owner asks the kernel for its list of robust locks (get_robust_list)",
	Kernel: "3.17",
	Order:  "none: a release wakes the thread that waits longest, but one that is awake overtakes it",
	Death:  "the kernel, at the beginning of the dead thread's exit",

	New: newSharedPthread,
	open: func(_ Passport, fds []int) (lock, error) {
		r, err := futex.NewRobust(fds[0])
		if err != nil {
			return nil, err
		}
		return &sharedPthread{r}, nil
	},
}

// sharedPthread belongs to a thread, and the kernel sees that thread end. A
// dead owner leaves nothing to repair.
type sharedPthread struct{ *futex.Robust }

func newSharedPthread(SharedOptions) (*SharedOwner, error) {
	f, err := memoryToShare()
	if err != nil {
		return nil, err
	}
	r, err := futex.NewRobust(int(f.Fd()))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &SharedOwner{
		passport: Passport{Kind: "pthread", Files: 1}, files: []*os.File{f},
		// Before Linux 6.2 a death could lose a wake-up.
		recover: func(int) { futex.WakeShared(r.Word(), 1) },
		close:   r.Close,
	}
	err = seal(f)
	if err == nil {
		err = tryRobust(r)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// tryRobust takes the lock once, on a thread that owns no other.
func tryRobust(r *futex.Robust) error {
	tried := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_, err := r.Lock()
		if err == nil {
			r.Unlock()
		}
		tried <- err
	}()
	return <-tried
}

func (s *sharedPthread) acquire(ended func() bool) error {
	_, err := s.LockUnless(ended)
	if errors.Is(err, futex.ErrEnded) {
		return ErrInterrupted
	}
	return err
}

func (s *sharedPthread) release() { s.Unlock() }

package gate

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

var flockKind = Kind{
	Name:   "flock",
	Doc:    "flock(2) on a file that each thread has opened, Apache's AcceptMutex flock: a file lock used as a mutex; the kernel allocates a lock record for each call",
	Kernel: "2.6",
	New:    newFlock,
	Files:  1,
}

// flock is an exclusive lock on a whole file. It belongs to an open file
// description, so each thread needs one of its own: two threads that share one
// would both get the lock. The kernel releases the lock when the description is
// closed, at the latest when the process dies.
type flock struct {
	files
	handover
}

func newFlock(threads int) (Gate, error) {
	fs, err := openFiles(threads)
	if err != nil {
		return nil, err
	}
	if err := tryFlock(fs[0]); err != nil {
		fs.Close()
		return nil, err
	}
	return &flock{files: fs}, nil
}

func (f *flock) Acquire(id int) {
	if err := waitFlock(f.files[id], nil); err != nil {
		panic(fmt.Sprintf("gate flock: %v", err))
	}
	f.in()
}

func (f *flock) Release(id int) {
	f.out()
	if errno := flockNow(f.files[id], unix.LOCK_UN); errno != 0 {
		panic(fmt.Sprintf("gate flock: unlock descriptor %d: %v", f.files[id], errno))
	}
}

// tryFlock checks that the kernel permits locking and unlocking.
func tryFlock(fd int) error {
	for _, how := range []int{unix.LOCK_EX | unix.LOCK_NB, unix.LOCK_UN} {
		if errno := flockNow(fd, how); errno != 0 {
			return fmt.Errorf("try flock: %w", errno)
		}
	}
	return nil
}

// waitFlock blocks until it has the lock. It returns ErrInterrupted if a signal
// comes and ended then reports true.
func waitFlock(fd int, ended func() bool) error {
	for {
		switch _, _, errno := block.Syscall6(unix.SYS_FLOCK, uintptr(fd), unix.LOCK_EX, 0, 0, 0, 0); {
		case errno == 0:
			return nil
		case errno != unix.EINTR:
			return fmt.Errorf("flock of descriptor %d: %w", fd, errno)
		case interrupted(ended):
			return ErrInterrupted
		}
	}
}

// flockNow makes calls that cannot block.
func flockNow(fd, how int) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_FLOCK, uintptr(fd), uintptr(how), 0)
	return errno
}

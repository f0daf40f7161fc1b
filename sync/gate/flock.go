package gate

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

var flockKind = Kind{
	Name:   "flock",
	Doc:    "flock(2) on a file that each thread has opened, Apache's AcceptMutex flock: what a file lock costs as a mutex, with a lock record allocated in the kernel for each call",
	Kernel: "2.6",
	New:    newFlock,
}

// flock is an exclusive lock on a whole file. It belongs to an open file
// description: two threads with one description would let each other in. The
// kernel ends it when the description is closed, that is when the process dies.
type flock struct {
	files
	handover
}

func newFlock(threads int) (Gate, error) {
	fs, err := openFiles(threads)
	if err != nil {
		return nil, err
	}
	for _, how := range []int{unix.LOCK_EX | unix.LOCK_NB, unix.LOCK_UN} {
		if errno := flockNow(fs[0], how); errno != 0 {
			fs.Close()
			return nil, fmt.Errorf("try flock: %w", errno)
		}
	}
	return &flock{files: fs}, nil
}

func (f *flock) Acquire(id int) {
	for {
		_, _, errno := block.Syscall6(unix.SYS_FLOCK, uintptr(f.files[id]), unix.LOCK_EX, 0, 0, 0, 0)
		switch errno {
		case 0:
			f.in()
			return
		case unix.EINTR:
		default:
			panic(fmt.Sprintf("gate flock: lock descriptor %d: %v", f.files[id], errno))
		}
	}
}

func (f *flock) Release(id int) {
	f.out()
	if errno := flockNow(f.files[id], unix.LOCK_UN); errno != 0 {
		panic(fmt.Sprintf("gate flock: unlock descriptor %d: %v", f.files[id], errno))
	}
}

// flockNow is for what cannot block.
func flockNow(fd, how int) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_FLOCK, uintptr(fd), uintptr(how), 0)
	return errno
}

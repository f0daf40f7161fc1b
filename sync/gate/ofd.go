package gate

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var ofdKind = Kind{
	Name:   "ofd",
	Doc:    "byte-range lock of an open file description (F_OFD_SETLKW), like Apache's AcceptMutex fcntl, but for threads: shows what the kernel's lists of ranges cost beside flock",
	Kernel: "3.15",
	New:    newOFD,
	Files:  1,
}

// ofd is a write lock on the first byte of a file. It belongs to an open file
// description, as that of flock does. (Classic fcntl locks belong to the
// process, so all its threads would get the lock.) The kernel does not look for
// deadlocks among such locks.
type ofd struct {
	files
	handover
}

// The arguments to lock and to unlock.
var (
	lockedByte = unix.Flock_t{Type: unix.F_WRLCK, Len: 1}
	freedByte  = unix.Flock_t{Type: unix.F_UNLCK, Len: 1}
)

func newOFD(threads int) (Gate, error) {
	fs, err := openFiles(threads)
	if err != nil {
		return nil, err
	}
	if err := tryOFD(fs[0]); err != nil {
		fs.Close()
		return nil, err
	}
	return &ofd{files: fs}, nil
}

func (o *ofd) Acquire(id int) {
	if err := waitOFD(o.files[id], nil); err != nil {
		panic(fmt.Sprintf("gate ofd: %v", err))
	}
	o.in()
}

func (o *ofd) Release(id int) {
	o.out()
	if errno := setLock(o.files[id], &freedByte); errno != 0 {
		panic(fmt.Sprintf("gate ofd: unlock descriptor %d: %v", o.files[id], errno))
	}
}

// tryOFD checks that the kernel permits locking and unlocking.
func tryOFD(fd int) error {
	for _, l := range []*unix.Flock_t{&lockedByte, &freedByte} {
		if errno := setLock(fd, l); errno != 0 {
			return fmt.Errorf("try lock of an open file description: %w", errno)
		}
	}
	return nil
}

// waitOFD blocks until it has the lock. It returns ErrInterrupted if a signal
// comes and ended then reports true.
func waitOFD(fd int, ended func() bool) error {
	for {
		switch errno := setLockWait(fd, &lockedByte); {
		case errno == 0:
			return nil
		case errno != unix.EINTR:
			return fmt.Errorf("lock open file description of descriptor %d: %w", fd, errno)
		case interrupted(ended):
			return ErrInterrupted
		}
	}
}

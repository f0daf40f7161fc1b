package gate

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A sharedFile is a lock on a file. The kernel releases it when the process
// dies.
//
// The lock belongs to an open file description. The descriptors that children
// inherit all share one description, so every process would get the lock.
// Therefore each process opens the file anew. Its threads share that
// description and take turns at front before they lock the file, so the kernel
// has at most one waiter to wake for each process. (Classic fcntl locks belong
// to the process and need no description of one's own. But closing any other
// descriptor of the file releases them. And the kernel takes a process for one
// thread, so it reports deadlocks with locks on other files that handlers wait
// for.)
type sharedFile struct {
	fd     int
	wait   func(fd int, ended func() bool) error
	unlock func(fd int) unix.Errno
	front  futexMutex
}

// openSharedFile opens the file behind fd anew.
func openSharedFile(fd int) (*sharedFile, error) {
	own, err := open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil, fmt.Errorf("open the file to lock anew, through /proc: %w", err)
	}
	return &sharedFile{fd: own}, nil
}

func (s *sharedFile) acquire(ended func() bool) error {
	if err := s.front.acquire(ended); err != nil {
		return err
	}
	if err := s.wait(s.fd, ended); err != nil {
		s.front.Release(0)
		return err
	}
	return nil
}

func (s *sharedFile) release() {
	if errno := s.unlock(s.fd); errno != 0 {
		panic(fmt.Sprintf("shared gate: unlock descriptor %d: %v", s.fd, errno))
	}
	s.front.Release(0)
}

func (s *sharedFile) Close() error {
	if err := unix.Close(s.fd); err != nil {
		return fmt.Errorf("close descriptor %d of a file to lock: %w", s.fd, err)
	}
	return nil
}

// newSharedFile makes the file and checks with try that it can be locked.
func newSharedFile(kind string, opt SharedOptions, try func(fd int) error) (*SharedOwner, error) {
	f, err := fileToShare(opt)
	if err != nil {
		return nil, err
	}
	o := &SharedOwner{passport: Passport{Kind: kind, Files: 1}, files: []*os.File{f}}
	s, err := openSharedFile(int(f.Fd()))
	if err == nil {
		err = errors.Join(try(s.fd), s.Close())
	}
	if err == nil && opt.owned() {
		if errOwn := f.Chown(opt.owner()); errOwn != nil {
			err = fmt.Errorf("give the file to lock to the user of the children: %w", errOwn)
		}
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// fileToShare makes an empty file and unlinks it. A process that dies in
// between leaves the file behind.
func fileToShare(opt SharedOptions) (*os.File, error) {
	if opt.File == "" {
		fd, err := unix.MemfdCreate("lflab-gate", unix.MFD_CLOEXEC)
		if err != nil {
			return nil, fmt.Errorf("make a file in memory to lock: %w", err)
		}
		return os.NewFile(uintptr(fd), "lflab-gate"), nil
	}
	name := fmt.Sprintf("%s.%d", opt.File, os.Getpid())
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the file to lock: %w", err)
	}
	if err := os.Remove(name); err != nil {
		return nil, errors.Join(fmt.Errorf("remove the name of the file to lock: %w", err), f.Close())
	}
	return f, nil
}

// owned reports whether the object must change its owner.
func (o SharedOptions) owned() bool { return o.UID != 0 || o.GID != 0 }

// owner returns the arguments of chown(2), where -1 keeps the current value.
func (o SharedOptions) owner() (uid, gid int) {
	uid, gid = o.UID, o.GID
	if uid == 0 {
		uid = -1
	}
	if gid == 0 {
		gid = -1
	}
	return uid, gid
}

package gate

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// files holds one descriptor of the same file for each thread. Each has its own
// open file description, because file locks belong to those. The file is empty
// and already unlinked; it is freed with the last descriptor. A process that
// dies during openFiles leaves an empty file in the temporary directory.
type files []int

// openFiles opens the file n times.
func openFiles(n int) (fs files, err error) {
	f, err := os.CreateTemp("", "lflab-gate-")
	if err != nil {
		return nil, fmt.Errorf("make a file to lock: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.Remove(f.Name()), f.Close())
		if err != nil {
			fs.Close()
			fs = nil
		}
	}()
	for range n {
		fd, err := open(f.Name())
		if err != nil {
			return fs, fmt.Errorf("open a file to lock for thread %d of %d: %w", len(fs), n, err)
		}
		fs = append(fs, fd)
	}
	return fs, nil
}

func open(name string) (fd int, err error) {
	for {
		fd, err = unix.Open(name, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// Close closes all descriptors. This ends all locks.
func (fs files) Close() error {
	var errs []error
	for _, fd := range fs {
		if err := unix.Close(fd); err != nil {
			errs = append(errs, fmt.Errorf("close descriptor %d of a file to lock: %w", fd, err))
		}
	}
	return errors.Join(errs...)
}

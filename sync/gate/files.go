package gate

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// files is one file that is opened once for each thread: as many open file
// descriptions, which is what a file lock belongs to. The file has no name any
// more and no content, and goes with the last descriptor. A process that dies
// in the middle of openFiles leaves an empty file among the temporary ones.
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
			return fs, fmt.Errorf("open a file to lock for %d threads: after %d of them: %w", n, len(fs), err)
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

// Close closes all descriptors, and with them ends all locks.
func (fs files) Close() error {
	var errs []error
	for _, fd := range fs {
		if err := unix.Close(fd); err != nil {
			errs = append(errs, fmt.Errorf("close descriptor %d of a file to lock: %w", fd, err))
		}
	}
	return errors.Join(errs...)
}

package control

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// takeEarly takes what the runtime would take when it is first needed, which
// may be when clients have all other descriptors: its network poller, two
// descriptors without which it ends the program, and the local time zone, which
// is UTC for good when its file cannot be opened.
//
// That the poller is open makes no thread wait in it. A timer that is set does,
// or a file that a goroutine waits for.
func takeEarly() error {
	if err := room(2); err != nil {
		return fmt.Errorf("open the runtime's poller: %w (raise the limit of descriptors, RLIMIT_NOFILE)", err)
	}
	time.Sleep(1) // a timer needs the poller, and one that has fired leaves nothing to wait for
	time.Now().Zone()
	return nil
}

// room tells whether n more descriptors can be opened.
func room(n int) (err error) {
	fds := make([]int, 0, n)
	for len(fds) < n && err == nil {
		var fd int
		if fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err == nil {
			fds = append(fds, fd)
		}
	}
	for _, fd := range fds {
		err = errors.Join(err, unix.Close(fd))
	}
	return err
}

package control

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// reserve keeps descriptors for the Go runtime's network poller. The runtime
// opens the poller for the first timer or file. By then clients may have all
// other descriptors, and the runtime ends the program if it cannot open it.
//
// A server of files opens the poller at the start. Others avoid it, because the
// runtime's monitor thread polls an open one, which disturbs the hand-offs that
// are measured.
type reserve struct {
	once sync.Once
	fds  []int
}

// takeEarly makes the reserve. It also loads the local time zone, which would
// stay UTC for good if its file could not be opened later.
func takeEarly() (*reserve, error) {
	r := &reserve{}
	for range 2 {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			r.close()
			return nil, fmt.Errorf("keep descriptors for the runtime's poller: %w (raise the limit of descriptors, RLIMIT_NOFILE)", err)
		}
		r.fds = append(r.fds, fd)
	}
	_, _ = time.Now().Zone()
	return r, nil
}

// open frees the reserve and makes the runtime open its poller. Call it before
// the first timer or file. A second call does nothing.
func (r *reserve) open() {
	r.once.Do(func() {
		r.close()
		time.Sleep(time.Nanosecond) // the timer opens the poller; once fired, it causes no more waits
	})
}

func (r *reserve) close() {
	for _, fd := range r.fds {
		_ = unix.Close(fd) // closing an eventfd loses no data
	}
	r.fds = nil
}

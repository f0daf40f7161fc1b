package control

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// reserve is descriptors that are kept for the runtime's network poller. The
// runtime opens it when a timer or a file is first needed, which may be when
// clients have all other descriptors, and it ends the program when it cannot.
//
// A server that serves files has it open from the start. Others do not, because
// the runtime's monitor thread looks into a poller that is open, and the looks
// show among the hand-offs that are measured.
type reserve struct {
	once sync.Once
	fds  []int
}

// takeEarly makes the reserve, and loads the local time zone, which is UTC for
// good when its file cannot be opened.
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

// open has the poller opened in place of the reserve. It is to be called before
// the first timer or file; a second call does nothing.
func (r *reserve) open() {
	r.once.Do(func() {
		r.close()
		time.Sleep(time.Nanosecond) // a timer needs the poller, and one that has fired leaves nothing to wait for
	})
}

func (r *reserve) close() {
	for _, fd := range r.fds {
		_ = unix.Close(fd) // an eventfd
	}
	r.fds = nil
}

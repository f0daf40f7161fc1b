package control

import (
	"golang.org/x/sys/unix"
)

// terminal tells a resize of the controlling terminal from somebody's
// graceful-stop: both are SIGWINCH. The kernel sends it only with another size.
type terminal struct{ size unix.Winsize }

// newTerminal notes the size that the terminal has, if there is one.
func newTerminal() *terminal {
	t := &terminal{}
	t.resized()
	return t
}

// resized reports whether the terminal has had another size when it was last
// asked.
func (t *terminal) resized() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil || *size == t.size {
		return false
	}
	t.size = *size
	return true
}

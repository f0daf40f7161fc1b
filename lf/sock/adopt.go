package sock

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Adopt makes a listener of the descriptor of a listening TCP socket that other
// processes have, too: it was inherited, or passed. The socket keeps the options
// that it was opened with; opt says which these were. The descriptor is the
// listener's from then on, and is not inherited by the processes that this one
// starts; with an error it stays the caller's.
//
// Whether accept4 waits is a property of the socket, not of the process: all
// processes that accept from one have to wait for connections in the same way.
// One that blocks, beside others that do not, works and costs more.
func Adopt(fd int, opt Options) (*Listener, error) {
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return nil, fmt.Errorf("adopt descriptor %d: %w (want a listening socket)", fd, err)
	}
	if listening == 0 {
		return nil, fmt.Errorf("adopt descriptor %d: the socket does not listen", fd)
	}
	l := &Listener{fd: fd, opt: opt, shared: true}
	if err := l.bound(); err != nil {
		return nil, fmt.Errorf("adopt descriptor %d: %w", fd, err)
	}
	if !l.addr.IsValid() {
		return nil, fmt.Errorf("adopt descriptor %d: the socket is not a TCP one", fd)
	}
	unix.CloseOnExec(fd)
	return l, nil
}

// waits makes an adopted listener one whose accept4 waits, if it is not.
func (l *Listener) waits() error {
	if !l.shared {
		return nil
	}
	if err := unix.SetNonblock(l.fd, false); err != nil {
		return fmt.Errorf("make the listener blocking: %w", err)
	}
	return nil
}

package sock

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Adopt makes a listener from the descriptor of a listening TCP socket that
// other processes also have, because it was inherited or passed. opt must be
// the options that the socket was opened with. The descriptor then belongs to
// the listener, and processes that this one starts do not inherit it. After an
// error it still belongs to the caller.
//
// Blocking is a property of the socket, not of the process, so all processes
// should wait for its connections in the same way. One that blocks beside
// others that do not works, but costs more.
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
		return nil, fmt.Errorf("adopt descriptor %d: not a TCP socket", fd)
	}
	unix.CloseOnExec(fd)
	return l, nil
}

// waits makes an adopted listener blocking.
func (l *Listener) waits() error {
	if !l.shared {
		return nil
	}
	if err := unix.SetNonblock(l.fd, false); err != nil {
		return fmt.Errorf("make the listener blocking: %w", err)
	}
	return nil
}

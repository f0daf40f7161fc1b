package sock

import (
	"fmt"
	"slices"
	"strings"
)

// Acceptor accepts connections from one or more listeners, in one of the modes
// that AcceptModes lists. The modes differ in the system call in which a thread
// waits.
type Acceptor interface {
	// Accept works as (*Listener).Accept of a blocking listener, even if the
	// mode has made the listener non-blocking.
	Accept() (fd int, err error)

	// Close frees what the acceptor has beside the listeners, which still
	// belong to the caller. No thread may be in Accept.
	Close() error
}

// Looker is an Acceptor that must look again when another process may have
// died. The kernel wakes one process for each connection. If that process is
// killed before it accepts, no other one learns of the connection.
type Looker interface {
	// Look makes the acceptor look for waiting connections. Any thread may call
	// it, even while others are in Accept.
	Look()
}

// AcceptMode is one way to wait for connections.
type AcceptMode struct {
	Name, Doc string

	// Shared says that any number of threads may be in Accept of one acceptor
	// at a time. In other modes each thread makes its own acceptor, or the
	// threads take turns.
	Shared bool

	// Available returns an error that says why the mode does not work on this
	// machine, or nil. If the func is nil the mode always works.
	Available func() error

	// New makes an acceptor for one or more listeners. It may make them
	// non-blocking, so make all acceptors before the first thread accepts.
	// Listeners with waiting connections are served round robin.
	New func(...*Listener) (Acceptor, error)
}

// acceptModes is the registry. A new mode needs a file and a line here.
var acceptModes = []AcceptMode{
	blockingMode,
	pollMode,
	epollMode,
	epollEdgeMode,
	epollExclusiveMode,
	uringMode,
	uringSingleMode,
}

// AcceptModes returns the known modes, the default first.
func AcceptModes() []AcceptMode { return slices.Clone(acceptModes) }

// LookupAcceptMode returns the mode of that name. The error for an unknown
// name lists the known ones.
func LookupAcceptMode(name string) (AcceptMode, error) {
	var known []string
	for _, m := range acceptModes {
		if m.Name == name {
			return m, nil
		}
		known = append(known, m.Name)
	}
	return AcceptMode{}, fmt.Errorf("unknown accept mode %q (known: %s)", name, strings.Join(known, ", "))
}

// Usable calls Available, if there is one.
func (m AcceptMode) Usable() error {
	if m.Available == nil {
		return nil
	}
	return m.Available()
}

// orPause turns the error of a non-blocking listener's Accept into that of a
// blocking one. After a shortage it waits ShortPause.
func (l *Listener) orPause(err error) error {
	if err == ErrShort {
		l.backOff()
		return ErrNoConnection
	}
	return err
}

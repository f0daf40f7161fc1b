package sock

import (
	"fmt"
	"slices"
	"strings"
)

// Acceptor takes connections from a listener, or from several in turn, in one
// of the modes that AcceptModes lists. They differ in what a thread waits in.
type Acceptor interface {
	// Accept is as (*Listener).Accept of a listener that waits, also where the
	// mode has made it one that does not.
	Accept() (fd int, err error)

	// Close gives back what the acceptor has beside the listener, which stays
	// its caller's. No thread may be in Accept.
	Close() error
}

// Looker is an Acceptor that has to be told when another process may have died
// with the news of a connection: the kernel wakes one process for each, and if
// that is killed before it accepts, no other hears of it.
type Looker interface {
	// Look has the acceptor look for connections that wait. Any thread may call
	// it, also while others are in Accept.
	Look()
}

// AcceptMode is one way to wait for connections, known by its name.
type AcceptMode struct {
	Name, Doc string

	// Shared tells that any number of threads may be in Accept of one acceptor
	// at a time. Of other modes each thread makes its own, or the threads take
	// turns.
	Shared bool

	// Available tells why the mode does not work on this machine; nil means
	// that it does. A nil func means always.
	Available func() error

	// New makes an acceptor for one listener or more. It may make them ones
	// that do not wait, so all are made before the first thread accepts. Of
	// several, connections are taken round robin among those that have some.
	New func(...*Listener) (Acceptor, error)
}

// acceptModes is the registry: a new mode is a file and a line here.
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

// Usable is Available for every mode.
func (m AcceptMode) Usable() error {
	if m.Available == nil {
		return nil
	}
	return m.Available()
}

// orPause is what Accept of a listener that waits returns, in place of what one
// that does not has returned: after a shortage it waits ShortPause.
func (l *Listener) orPause(err error) error {
	if err == ErrShort {
		l.backOff()
		return ErrNoConnection
	}
	return err
}

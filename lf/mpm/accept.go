package mpm

import (
	"fmt"
	"log/slog"

	"lflab/lf"
	"lflab/lf/sock"
)

// acceptChoice returns the choice of how threads wait for connections. names
// are the modes of package sock that suit the architecture, the default first.
func acceptChoice(names ...string) Choice {
	var values []lf.Named
	for _, name := range names {
		mode, err := sock.LookupAcceptMode(name)
		if err != nil {
			panic(err) // cannot happen: names are constants of this package
		}
		values = append(values, lf.Named{Name: mode.Name, Doc: mode.Doc})
	}
	return choiceOf("accept", values...)
}

// acceptMode returns the chosen mode. c.Policy must be filled in (see Policy).
func (c Config) acceptMode(choice Choice) sock.AcceptMode {
	mode, _ := sock.LookupAcceptMode(choice.Text(&c.Policy))
	return mode
}

// acceptors makes the acceptors of n threads in the chosen mode: one for all,
// or one for each if the mode is not Shared. The server owns them.
func (m *server) acceptors(choice Choice, n int) (all []sock.Acceptor, err error) {
	m.blocks = true
	mode := m.cfg.acceptMode(choice)
	for len(all) < n {
		a, err := mode.New(m.cfg.Listeners...)
		if err != nil {
			return nil, err
		}
		m.owns(a)
		if all = append(all, a); mode.Shared {
			break
		}
	}
	return all, nil
}

// AcceptGate serialises accepting across processes. One thread of each process
// at a time uses it.
type AcceptGate interface {
	// Acquire blocks until the thread holds the gate. When ended reports true
	// before that, an interruption of the thread (thread.Interrupt) ends the
	// wait with an error.
	Acquire(ended func() bool) error

	// Release releases the gate. The thread that holds it calls it.
	Release()
}

// accept accepts a connection for a thread, through the gate if there is one.
func (m *server) accept(from sock.Acceptor) (fd int, err error) {
	if m.cfg.AcceptGate != nil {
		fd, err = m.acceptGated(from)
	} else {
		fd, err = from.Accept()
	}
	if err == nil {
		m.took()
	}
	return fd, err
}

func (m *server) acceptGated(from sock.Acceptor) (fd int, err error) {
	if m.ended() {
		return -1, sock.ErrEnded
	}
	if err := m.cfg.AcceptGate.Acquire(m.ended); err != nil {
		if m.ended() {
			return -1, sock.ErrEnded
		}
		slog.Error("cannot pass the accept gate, accepting no more", "mpm", m.name, "error", err)
		m.tellShort(fmt.Errorf("accept gate: %w", err))
		return -1, sock.ErrEnded
	}
	defer m.cfg.AcceptGate.Release()
	return from.Accept()
}

// oneAccepts refuses an accept gate if several threads would use it at once.
func oneAccepts(cfg Config, name string, accepting int) error {
	if cfg.AcceptGate != nil && accepting > 1 {
		return fmt.Errorf("mpm %s: an accept gate is for one thread of each process, and %d would be there", name, accepting)
	}
	return nil
}

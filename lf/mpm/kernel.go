package mpm

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/sock"
)

// It has no multishot request in a ring (see sock.AcceptModes).
var kernelAccept = acceptChoice("blocking", "epoll-et", "epoll-exclusive", "uring-single")

// In accept4, Linux wakes one thread for each connection, the one that has
// waited longest. So the listening socket's wait queue is a Leader/Followers
// pool without a leaderless gap. The other accept modes use the kernel's other
// queues.
var kernelKind = Kind{
	Name:       "kernel",
	AllAccept:  true,
	Doc:        "every thread blocks in accept4: the kernel's own wake-one queue, the baseline",
	MinThreads: 1,
	Gated:      true,
	Choices:    []Choice{kernelAccept},
	Refuses:    func(cfg Config) error { return oneAccepts(cfg, "kernel", cfg.Threads) },
	Shape:      flight.NoHandoff,
	New:        func(m *server) (MPM, error) { return newKernel(m, kernelAccept) },
}

var preforkAccept = acceptChoice("blocking", "epoll-exclusive")

// prefork is kernel with one thread, as one process of many. If these share an
// accept gate, that is the leadership.
var preforkKind = Kind{
	Name:       "prefork",
	Doc:        "one process for each connection: its only thread accepts, serves the connection to its end, accepts again; alone it serves one at a time",
	MinThreads: 1,
	MaxThreads: 1,
	Gated:      true,
	Choices:    []Choice{preforkAccept},
	Shape:      flight.NoHandoff,
	New:        func(m *server) (MPM, error) { return newKernel(m, preforkAccept) },
}

// newKernel makes a server whose threads all wait for connections.
func newKernel(m *server, choice Choice) (MPM, error) {
	all, err := m.acceptors(choice, len(m.seats))
	if err != nil {
		return nil, err
	}
	m.primitive = "accept4"
	if mode := choice.Text(&m.cfg.Policy); mode != "blocking" {
		m.primitive = mode
	}
	m.body = func(id int) { m.acceptAndServe(id, all[id%len(all)]) }
	return m, nil
}

// acceptAndServe serves one connection after the other, until the listeners
// have ended.
func (m *server) acceptAndServe(id int, from sock.Acceptor) {
	s := &m.seats[id]
	for {
		s.Log.Flush()
		fd, err := m.accept(from)
		switch {
		case err == nil:
			s.Log.Event(0)
			m.serve(id, fd)
		case errors.Is(err, sock.ErrEnded):
			return
		}
	}
}

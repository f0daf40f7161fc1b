package mpm

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// A multishot request in a ring is not among them: see sock.AcceptModes.
var kernelAccept = acceptChoice("blocking", "epoll-et", "epoll-exclusive", "uring-single")

var kernelKind = Kind{
	Name:       "kernel",
	AllAccept:  true,
	Doc:        "every thread blocks in accept4: the kernel's own wake-one queue, the baseline",
	MinThreads: 1,
	Gated:      true,
	Choices:    []Choice{kernelAccept},
	Refuses:    func(cfg Config) error { return oneAccepts(cfg, "kernel", cfg.Threads) },
	Shape:      flight.NoHandoff,
	New:        newKernel,
}

// kernel lets every thread wait for connections. In accept4, Linux wakes one
// of them per connection, the one that has waited longest: the listening
// socket's wait queue is a Leader/Followers pool without a leaderless gap. The
// other accept modes are the other queues that the kernel has.
type kernel struct {
	*crew
	mode      string
	acceptors []sock.Acceptor // one for all threads, or one for each
}

func newKernel(cfg Config) (MPM, error) {
	mode := cfg.acceptMode(kernelAccept)
	m := &kernel{crew: newCrew("kernel", cfg, cfg.Threads), mode: mode.Name}
	m.blocks = true
	for len(m.acceptors) < cfg.Threads {
		a, err := mode.New(cfg.Listeners...)
		if err != nil {
			m.close()
			return nil, err
		}
		m.acceptors = append(m.acceptors, a)
		if mode.Shared {
			break
		}
	}
	return m, nil
}

func (m *kernel) Start() error {
	m.spawn(m.run)
	return nil
}

func (m *kernel) run(id int) {
	s, acceptor := &m.seats[id], m.acceptors[id%len(m.acceptors)]
	for {
		s.Log.Flush()
		fd, err := m.accept(acceptor)
		switch {
		case err == nil:
			s.Log.Event(0)
			m.serve(id, fd)
		case errors.Is(err, sock.ErrEnded):
			return
		}
	}
}

func (m *kernel) Wait() {
	m.crew.Wait()
	m.close()
}

func (m *kernel) close() {
	for _, a := range m.acceptors {
		_ = a.Close() // what is left of it ends with the process
	}
}

func (m *kernel) Status() serve.Status {
	st := m.status()
	st.Primitive = "accept4"
	if m.mode != "blocking" {
		st.Primitive = m.mode
	}
	return st
}

// Look implements MPM.
func (m *kernel) Look() { looks(m.acceptors...) }

package mpm

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var kernelKind = Kind{
	Name:       "kernel",
	Doc:        "every thread blocks in accept4: the kernel's own wake-one queue, the baseline",
	MinThreads: 1,
	Shape:      flight.NoHandoff,
	New:        newKernel,
}

// kernel lets every thread block in accept4. Linux wakes one of them per
// connection, the one that has waited longest: the listening socket's wait
// queue is a Leader/Followers pool without a leaderless gap.
type kernel struct{ *crew }

func newKernel(cfg Config) (MPM, error) {
	return &kernel{newCrew("kernel", cfg, cfg.Threads)}, nil
}

func (m *kernel) Start() error {
	m.spawn(m.run)
	return nil
}

func (m *kernel) run(id int) {
	s := &m.seats[id]
	for {
		s.Log.Flush()
		fd, err := m.cfg.Listener.Accept()
		switch {
		case err == nil:
			s.Log.Event(0)
			m.serve(id, fd)
		case errors.Is(err, sock.ErrEnded):
			return
		}
	}
}

func (m *kernel) Status() serve.Status {
	st := m.status()
	st.Primitive = "accept4"
	return st
}

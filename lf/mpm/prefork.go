package mpm

import (
	"errors"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var preforkAccept = acceptChoice("blocking", "epoll-exclusive")

var preforkKind = Kind{
	Name:       "prefork",
	Doc:        "one process for each connection: its only thread accepts, serves the connection to its end, accepts again; alone it serves one at a time",
	MinThreads: 1,
	MaxThreads: 1,
	Gated:      true,
	Choices:    []Choice{preforkAccept},
	Shape:      flight.NoHandoff,
	New:        newPrefork,
}

// prefork is one process of many: the leadership, if there is one, is the
// accept gate that they share.
type prefork struct {
	*crew
	acceptor sock.Acceptor
}

func newPrefork(cfg Config) (MPM, error) {
	a, err := cfg.acceptMode(preforkAccept).New(cfg.Listeners...)
	if err != nil {
		return nil, err
	}
	m := &prefork{newCrew("prefork", cfg, 1), a}
	m.blocks = true
	return m, nil
}

func (m *prefork) Start() error {
	m.spawn(m.run)
	return nil
}

func (m *prefork) run(id int) {
	s := &m.seats[id]
	for {
		s.Log.Flush()
		fd, err := m.accept(m.acceptor)
		switch {
		case err == nil:
			s.Log.Event(0)
			m.serve(id, fd)
		case errors.Is(err, sock.ErrEnded):
			return
		}
	}
}

func (m *prefork) Wait() {
	m.crew.Wait()
	_ = m.acceptor.Close() // what is left of it ends with the process
}

func (m *prefork) Status() serve.Status {
	st := m.status()
	st.Primitive = "accept4"
	if name := m.cfg.choose(preforkAccept); name != "blocking" {
		st.Primitive = name
	}
	return st
}

// Look implements MPM.
func (m *prefork) Look() { looks(m.acceptor) }

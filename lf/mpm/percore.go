package mpm

import (
	"errors"
	"fmt"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var percoreKind = Kind{
	Name:       "percore",
	Doc:        "every thread has a listener of its own on the same address (SO_REUSEPORT) and an epoll set of its own, one thread per CPU is meant: nothing is handed over, nothing is shared",
	Async:      true,
	MinThreads: 1,
	ReusePort:  true,
	Shape:      flight.NoHandoff,
	New:        newPercore,
}

// percore is servers side by side, one on each thread. The kernel divides the
// connections among their listeners by a hash of the peer's address; each then
// stays with its thread to its end. That is the least work for each request,
// and nobody helps a thread that has too much of it: a long request delays all
// others of its thread.
type percore struct {
	*crew
	cores []*core
}

func newPercore(cfg Config) (MPM, error) {
	m := &percore{crew: newCrew("percore", cfg, cfg.Threads)}
	for id := range m.seats {
		c := &core{m: m, seat: &m.seats[id]}
		m.cores = append(m.cores, c)
		if err := c.open(); err != nil {
			return nil, errors.Join(fmt.Errorf("thread %d: %w", id, err), m.close())
		}
	}
	return m, nil
}

func (m *percore) Start() error {
	m.spawn(func(id int) { m.cores[id].run() })
	return nil
}

// Wait implements MPM. A drain needs no more than what all crews do: the end
// of the listener is an event in each set.
func (m *percore) Wait() {
	m.crew.Wait()
	_ = m.close() // what is left of these ends with the process
}

func (m *percore) close() error {
	var errs []error
	for _, c := range m.cores {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

func (m *percore) Status() serve.Status {
	st := m.status()
	st.Primitive = "epoll"
	alive := int64(0)
	for _, c := range m.cores {
		alive += c.alive.Load()
		for next := range c.waits {
			countIn(&st, serve.Next(next), int(c.waits[next].Load()))
		}
	}
	open(&st, int(alive))
	return st
}

// listen is the listener of thread id.
func (m *percore) listen(id int) (*sock.Listener, error) {
	l := m.cfg.Listener
	if id > 0 {
		var err error
		if l, err = l.Sibling(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

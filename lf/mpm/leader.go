package mpm

import (
	"errors"
	"fmt"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

var leaderAccept = acceptChoice("blocking", "poll", "epoll", "epoll-exclusive", "uring")

var leaderKind = Kind{
	Name:       "leader",
	Doc:        "the leader accepts, promotes a follower, serves that connection to its end",
	MinThreads: 1,
	Parks:      true,
	Pool:       true,
	Gated:      true,
	Choices:    []Choice{leaderAccept},
	Refuses:    refuseLeader,
	Shape:      flight.Leadership,
	New:        newLeader,
}

// newLeader makes Apache's leader MPM: a pool whose event source is the listener.
func newLeader(m *server) (MPM, error) {
	all, err := m.acceptors(leaderAccept, 1)
	if err != nil {
		return nil, err
	}
	pool, err := lf.New(listening{m, all[0]}, m.serve, m.poolOptions(m.cfg.pool("leader")))
	if err != nil {
		return nil, err
	}
	m.pool = pool
	for id := range m.seats {
		s := &m.seats[id]
		s.Yield = func() { pool.Yield(id) }
		s.conn.BeforeWait = s.Yield
		if m.cfg.Promotion == lf.AfterRead {
			s.conn.AfterRead = s.Yield
		}
	}
	return m, nil
}

// refuseLeader refuses what does not suit connections that are served to their
// end, and several leaders if only one thread may accept.
func refuseLeader(cfg Config) error {
	if cfg.Promotion == lf.After {
		return errors.New("mpm leader serves a connection to its end: with promotion after nobody would wait for the next one meanwhile (mpm reactor can do that)")
	}
	if mode := cfg.acceptMode(leaderAccept); !mode.Shared && cfg.Leaders > 1 {
		return fmt.Errorf("accept %s is for one thread at a time, and there would be %d leaders (leave leaders at 1)", mode.Name, cfg.Leaders)
	}
	return oneAccepts(cfg, "leader", cfg.Leaders)
}

// listening makes the listeners the event source of the pool. Its events are
// descriptors of new connections.
type listening struct {
	*server
	from sock.Acceptor
}

// Wait implements lf.Source.
func (l listening) Wait(id int) (int, error) {
	t := &l.seats[id].Thread
	t.Set(serve.Leading)
	fd, err := l.accept(l.from)
	if errors.Is(err, sock.ErrEnded) {
		t.Set(serve.Waiting)
		return -1, lf.ErrEnded
	}
	return fd, err
}

// Interrupt implements lf.Source.
func (l listening) Interrupt() { l.shut() }

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

// leader is Apache's leader MPM: a pool whose event source is the listener.
type leader struct {
	*crew
	pool     *lf.Pool[int]
	acceptor sock.Acceptor
}

func newLeader(cfg Config) (MPM, error) {
	m := &leader{crew: newCrew("leader", cfg, cfg.Threads)}
	m.blocks = true
	opt := cfg.pool("leader")
	m.shown(&opt)
	var err error
	if m.acceptor, err = cfg.acceptMode(leaderAccept).New(cfg.Listeners...); err != nil {
		return nil, err
	}
	if m.pool, err = lf.New(acceptor{m.crew, m.acceptor}, m.serve, opt); err != nil {
		return nil, errors.Join(err, m.acceptor.Close())
	}
	m.mindPromotion(cfg)
	return m, nil
}

// mindPromotion has connections give the leadership up where that is to happen
// while they are served.
func (m *leader) mindPromotion(cfg Config) {
	for id := range m.seats {
		s := &m.seats[id]
		s.Yield = func() { m.pool.Yield(id) }
		s.conn.BeforeWait = s.Yield
		if cfg.Promotion == lf.AfterRead {
			s.conn.AfterRead = s.Yield
		}
	}
}

// refuseLeader tells what makes no sense for connections that are served to
// their end.
func refuseLeader(cfg Config) error {
	if cfg.Promotion == lf.After {
		return errors.New("mpm leader serves a connection to its end: with promotion after nobody would wait for the next one meanwhile (mpm reactor can do that)")
	}
	if mode := cfg.acceptMode(leaderAccept); !mode.Shared && cfg.Leaders > 1 {
		return fmt.Errorf("accept %s is for one thread at a time, and there would be %d leaders (leave leaders at 1)", mode.Name, cfg.Leaders)
	}
	return oneAccepts(cfg, "leader", cfg.Leaders)
}

func (m *leader) Start() error {
	m.muster()
	m.pool.Start()
	return nil
}

func (m *leader) Wait() {
	_ = m.pool.Wait() // what is left of the parkers ends with the process
	m.end()
	_ = m.acceptor.Close()
}

func (m *leader) Status() serve.Status {
	st := m.status()
	st.Primitive = m.cfg.primitive()
	for name, n := range m.pool.Stats().Map() {
		st.Counters[name] = n
	}
	return st
}

// acceptor is the listener as the pool's event source: its events are
// descriptors of new connections.
type acceptor struct {
	*crew
	from sock.Acceptor
}

func (a acceptor) Wait(id int) (int, error) {
	t := &a.seats[id].Thread
	t.Set(serve.Leading)
	fd, err := a.accept(a.from)
	if errors.Is(err, sock.ErrEnded) {
		t.Set(serve.Waiting)
		return -1, lf.ErrEnded
	}
	return fd, err
}

func (a acceptor) Interrupt() { a.shut() }

// Look implements MPM.
func (m *leader) Look() { looks(m.acceptor) }

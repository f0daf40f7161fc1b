package mpm

import (
	"errors"
	"fmt"
	"net/netip"

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
	Refuses:    refusePercore,
	Shape:      flight.NoHandoff,
	New:        newPercore,
}

// percore is servers side by side, one on each thread. The kernel divides the
// connections among their listeners by a hash of the peer's address; each then
// stays with its thread to its end. That is the least work for each request,
// and nobody helps a thread that has too much of it: a long request delays all
// others of its thread.
type percore struct {
	*server
	cores []*core
}

func newPercore(cfg Config) (MPM, error) {
	m := &percore{server: newServer("percore", cfg, cfg.Threads)}
	m.primitive = "epoll"
	waker, err := sock.NewWaker() // in each thread's set
	if err != nil {
		return nil, err
	}
	m.owns(waker)
	for id := range m.seats {
		c, err := newCore(m, &m.seats[id], waker)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("thread %d: %w", id, err), m.close())
		}
		m.cores = append(m.cores, c)
	}
	m.body = func(id int) { m.cores[id].run() }
	m.wake = waker.Wake
	m.cut = func() {
		for _, c := range m.cores {
			c.links.each(func(l *link) { l.conn.Cut() })
		}
	}
	return m, nil
}

// Status implements MPM.
func (m *percore) Status() serve.Status {
	open := int64(0)
	for _, c := range m.cores {
		open += c.alive.Load()
	}
	st := m.asyncStatus(open)
	for _, c := range m.cores {
		c.links.each(func(l *link) { l.next.countIn(&st) })
	}
	return st
}

// listenersOf are those of thread id, one of each address: those that there
// are for it, or siblings of the first thread's, which the server owns.
func (m *percore) listenersOf(id int) (all []*sock.Listener, err error) {
	byAddress, each, err := addresses(m.cfg.Listeners)
	if err != nil {
		return nil, err
	}
	for _, ls := range byAddress {
		if each == m.cfg.Threads || id == 0 {
			all = append(all, ls[id])
			continue
		}
		l, err := ls[0].Sibling()
		if err != nil {
			return nil, err
		}
		m.owns(l)
		all = append(all, l)
	}
	return all, nil
}

// refusePercore tells what is wrong with the listeners.
func refusePercore(cfg Config) error {
	_, each, err := addresses(cfg.Listeners)
	if err == nil && each > 1 && each != cfg.Threads {
		err = fmt.Errorf("%d listeners on an address for %d threads (want one, or one for each thread)", each, cfg.Threads)
	}
	return err
}

// addresses sorts listeners by address, and tells how many there are on each.
func addresses(all []*sock.Listener) (byAddress [][]*sock.Listener, each int, err error) {
	at := map[netip.AddrPort]int{}
	for _, l := range all {
		i, ok := at[l.Addr()]
		if !ok {
			i = len(byAddress)
			at[l.Addr()] = i
			byAddress = append(byAddress, nil)
		}
		byAddress[i] = append(byAddress[i], l)
	}
	for _, ls := range byAddress {
		if each = len(byAddress[0]); len(ls) != each {
			return nil, 0, fmt.Errorf("%d listeners on %v and %d on %v (want as many on each)", each, byAddress[0][0].Addr(), len(ls), ls[0].Addr())
		}
	}
	return byAddress, each, nil
}

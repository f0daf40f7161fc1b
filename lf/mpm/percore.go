package mpm

import (
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
	Refuses:    func(cfg Config) error { _, err := cfg.byAddress(); return err },
	Shape:      flight.NoHandoff,
	New:        newPercore,
}

// percore runs a server of its own on each thread. The kernel divides the
// connections among the threads' listeners by a hash of the peer's address, and
// a connection stays with its thread. That is the least work for each request.
// But nobody helps a busy thread: a long request delays all others of its
// thread.
type percore struct {
	*server
	cores []*core
}

func newPercore(s *server) (MPM, error) {
	m := &percore{server: s}
	waker, err := sock.NewWaker() // in the sets of all threads
	if err != nil {
		return nil, err
	}
	m.owns(waker)
	for id := range m.seats {
		c, err := newCore(m, &m.seats[id], waker)
		if err != nil {
			return nil, fmt.Errorf("thread %d: %w", id, err)
		}
		m.cores = append(m.cores, c)
	}
	m.primitive = "epoll"
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
		open += c.links.open.Load()
	}
	st := m.asyncStatus(open)
	for _, c := range m.cores {
		c.links.each(func(l *link) { l.next.countIn(&st) })
	}
	return st
}

// listenersOf returns the listeners of thread id, one for each address: those
// of the Config, or siblings of the first thread's, which the server owns.
func (m *percore) listenersOf(id int) (all []*sock.Listener, err error) {
	byAddress, _ := m.cfg.byAddress() // Refuses has checked the error
	for _, ls := range byAddress {
		if id < len(ls) {
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

// byAddress groups the listeners by address. It returns an error unless all
// addresses have the same number: one, or one for each thread.
func (c Config) byAddress() (all [][]*sock.Listener, err error) {
	at := map[netip.AddrPort]int{}
	for _, l := range c.Listeners {
		i, ok := at[l.Addr()]
		if !ok {
			i = len(all)
			at[l.Addr()] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], l)
	}
	for _, ls := range all {
		if first := all[0]; len(ls) != len(first) {
			return nil, fmt.Errorf("%d listeners on %v and %d on %v (want as many on each)", len(first), first[0].Addr(), len(ls), ls[0].Addr())
		}
	}
	if len(all) > 0 && len(all[0]) > 1 && len(all[0]) != c.Threads {
		return nil, fmt.Errorf("%d listeners on an address for %d threads (want one, or one for each thread)", len(all[0]), c.Threads)
	}
	return all, nil
}

package mpm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

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
	*crew
	cores []*core
	kick  int // eventfd in each thread's set
}

func newPercore(cfg Config) (MPM, error) {
	m := &percore{crew: newCrew("percore", cfg, cfg.Threads)}
	var err error
	if m.kick, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make eventfd: %w", err)
	}
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

// Drain implements MPM: it wakes the threads, which do the rest.
func (m *percore) Drain() {
	m.crew.drain(func() { m.whileOpen(m.wake) })
}

// wake ends the waits of all threads. The eventfd is never read: each write is
// an edge in each set.
func (m *percore) wake() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(m.kick, one[:])
}

// Cut implements MPM.
func (m *percore) Cut() {
	m.hurry(&m.cfg)
	m.Drain()
	m.cutting.Store(true)
	for _, c := range m.cores {
		c.links.each(func(l *link) { l.conn.Cut() })
	}
}

func (m *percore) Wait() {
	m.crew.Wait()
	_ = m.close() // what is left of these ends with the process
}

func (m *percore) close() error {
	var errs []error
	for _, c := range m.cores {
		errs = append(errs, c.close())
	}
	return errors.Join(append(errs, unix.Close(m.kick))...)
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

// listen is the listeners of thread id, one of each address: those that there
// are for it, or siblings of the first thread's.
func (m *percore) listen(id int) (own, opened []*sock.Listener, err error) {
	byAddress, each, err := addresses(m.cfg.Listeners)
	if err != nil {
		return nil, nil, err
	}
	for _, ls := range byAddress {
		switch {
		case each == m.cfg.Threads || id == 0:
			own = append(own, ls[id])
		default:
			l, err := ls[0].Sibling()
			if err != nil {
				return own, opened, err
			}
			own, opened = append(own, l), append(opened, l)
		}
	}
	return own, opened, nil
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

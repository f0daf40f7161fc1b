package mpm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/lf/sock"
)

// stamping reports whether new connections bear time stamps: what is true of
// the first listener is meant for all.
func (c *Config) stamping() bool { return c.Listeners[0].Stamping() }

func (c *crew) stamping() bool { return c.cfg.stamping() }

// noteShort counts a connection that cannot be had, or kept, for want of
// descriptors or memory.
func (c *Config) noteShort(err error) { c.Listeners[0].NoteShort(err) }

// countAccepts adds what the listeners count.
func (c *Config) countAccepts(counters map[string]uint64) {
	for _, l := range c.Listeners {
		counters["accept_short"] += l.Short.Load()
		counters["accept_aborted"] += l.Aborted.Load()
	}
}

// knocks are the listeners that somebody wants to connect to, bit by bit.
type knocks uint64

// hear notes a knock if the token is a listener's.
func (k *knocks) hear(token uint64) bool {
	if token > listenerToken || token <= listenerToken-sock.MostListeners {
		return false
	}
	*k |= 1 << (listenerToken - token)
	return true
}

// entrance is listeners in an epoll set.
type entrance struct {
	listeners []*sock.Listener
	turns     sock.Turns
	events    uint32
}

func (c *Config) entrance() *entrance {
	e := &entrance{listeners: c.Listeners, events: unix.EPOLLIN}
	if c.Exclusive || c.Sets > 1 { // one of the sets is enough to wake
		e.events |= unix.EPOLLEXCLUSIVE
	}
	return e
}

// doNotWait makes the listeners ones that an epoll set waits for.
func (e *entrance) doNotWait() error {
	for _, l := range e.listeners {
		if err := l.DoNotWait(); err != nil {
			return err
		}
	}
	return nil
}

// accept takes one connection from the listener whose turn it is of those that
// somebody knocks at, and no longer hears the others, too, if there are
// several: the set tells of them again, with what else has become ready.
func (e *entrance) accept(k *knocks) (fd int, err error) {
	if len(e.listeners) == 1 {
		return e.listeners[0].Accept()
	}
	l := e.listeners[e.turns.Next(uint64(*k))]
	*k = 0
	return l.Accept()
}

// watch puts the listeners into the set.
func (e *entrance) watch(set *sock.Epoll) error {
	for i, l := range e.listeners {
		err := set.AddListener(l, e.events, listenerToken-uint64(i))
		if err != nil && !errors.Is(err, unix.EEXIST) && !errors.Is(err, sock.ErrEnded) {
			return fmt.Errorf("add listener to epoll set: %w", err)
		}
	}
	return nil
}

// unwatch takes them out, if they are there.
func (e *entrance) unwatch(set *sock.Epoll) {
	for _, l := range e.listeners {
		set.RemoveListener(l)
	}
}

// look is sock.Looker's Look for the set.
func (e *entrance) look(set *sock.Epoll) {
	for i, l := range e.listeners {
		set.Again(l.FD(), e.events, listenerToken-uint64(i))
	}
}

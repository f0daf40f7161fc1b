package sock

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

var epollMode = AcceptMode{
	Name:   "epoll",
	Doc:    "epoll_wait on a set with the listener in it, level-triggered, then an accept4 that does not block; with several threads, a connection may wake more than one",
	Shared: true,
	New: func(ls ...*Listener) (Acceptor, error) {
		return newEpolled(ls, unix.EPOLLIN)
	},
}

var epollExclusiveMode = AcceptMode{
	Name: "epoll-exclusive",
	Doc:  "each thread has a set of its own with the listener in it (EPOLLEXCLUSIVE): one of the sets that are waited on is woken, always the first, so the same threads have all the work",
	New: func(ls ...*Listener) (Acceptor, error) {
		return newEpolled(ls, unix.EPOLLIN|unix.EPOLLEXCLUSIVE)
	},
}

// epolled is a set with nothing but listeners in it. The set tells that there
// are connections for as long as there are.
type epolled struct {
	several
	set    *Epoll
	events uint32
}

func newEpolled(ls []*Listener, events uint32) (*epolled, error) {
	a := &epolled{several: several{all: ls}, events: events}
	if err := a.doNotWait(); err != nil {
		return nil, err
	}
	var err error
	if a.set, err = NewEpoll(); err != nil {
		return nil, err
	}
	for i, l := range ls {
		if err := a.set.AddListener(l, events, uint64(i)); err != nil {
			return nil, errors.Join(fmt.Errorf("add listener to epoll set: %w", err), a.set.Close())
		}
	}
	return a, nil
}

func (a *epolled) Accept() (int, error) {
	ready, err := a.wait()
	if err != nil {
		return -1, err
	}
	if ready == 0 { // a signal
		return -1, ErrNoConnection
	}
	l := a.all[0]
	if len(a.all) > 1 {
		l = a.next(ready)
	}
	// Also when the listener has been left meanwhile: no other process may have
	// been told of this connection.
	fd, err := l.accept()
	return fd, l.orPause(err)
}

// wait blocks until the set tells of listeners, or a signal came.
func (a *epolled) wait() (ready uint64, err error) {
	if a.all[0].ended.Load() {
		return 0, ErrEnded
	}
	if len(a.all) > 1 {
		return a.waitAny()
	}
	var events [1]unix.EpollEvent
	n, err := a.set.Wait(events[:], -1)
	if err != nil {
		return 0, a.all[0].judge(errnoOf(err))
	}
	return uint64(n), nil
}

func (a *epolled) waitAny() (ready uint64, err error) {
	var room [MostListeners]unix.EpollEvent
	events := room[:len(a.all)]
	n, err := a.set.Wait(events, -1)
	if err != nil {
		return 0, a.all[0].judge(errnoOf(err))
	}
	for i := range n {
		ready |= 1 << Token(&events[i])
	}
	return ready, nil
}

// Look implements Looker.
func (a *epolled) Look() {
	for i, l := range a.all {
		a.set.Again(l.fd, a.events, uint64(i))
	}
}

func (a *epolled) Close() error { return a.set.Close() }

package sock

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

var epollMode = AcceptMode{
	Name:   "epoll",
	Doc:    "epoll_wait on a level-triggered set with the listener, then a non-blocking accept4; a connection may wake more than one thread",
	Shared: true,
	New: func(ls ...*Listener) (Acceptor, error) {
		return newEpolled(ls, unix.EPOLLIN)
	},
}

var epollExclusiveMode = AcceptMode{
	Name: "epoll-exclusive",
	Doc:  "each thread has its own set with the listener (EPOLLEXCLUSIVE): the kernel always wakes the first set that is waited on, so the same threads do all the work",
	New: func(ls ...*Listener) (Acceptor, error) {
		return newEpolled(ls, unix.EPOLLIN|unix.EPOLLEXCLUSIVE)
	},
}

// epolled is a set that contains only listeners. The set is ready while
// connections wait.
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
	if a.set, err = newEpoll(); err != nil {
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
	if ready == 0 { // a signal came
		return -1, ErrNoConnection
	}
	l := a.all[0]
	if len(a.all) > 1 {
		l = a.next(ready)
	}
	// Accept even if the listener was left meanwhile, because the kernel may
	// have told no other process of this connection.
	fd, err := l.accept()
	return fd, l.orPause(err)
}

// wait blocks until listeners are ready or a signal comes.
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

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
	New: func(l *Listener) (Acceptor, error) {
		return newEpolled(l, unix.EPOLLIN)
	},
}

var epollExclusiveMode = AcceptMode{
	Name: "epoll-exclusive",
	Doc:  "each thread has a set of its own with the listener in it (EPOLLEXCLUSIVE): one of the sets that are waited on is woken, always the first, so the same threads have all the work",
	New: func(l *Listener) (Acceptor, error) {
		return newEpolled(l, unix.EPOLLIN|unix.EPOLLEXCLUSIVE)
	},
}

// epolled is a set with nothing but the listener in it. The set tells that
// there are connections for as long as there are.
type epolled struct {
	l   *Listener
	set *Epoll
}

func newEpolled(l *Listener, events uint32) (*epolled, error) {
	if err := l.DoNotWait(); err != nil {
		return nil, err
	}
	set, err := NewEpoll()
	if err != nil {
		return nil, err
	}
	if err := set.Add(l.fd, events, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("add listener to epoll set: %w", err), set.Close())
	}
	return &epolled{l, set}, nil
}

func (a *epolled) Accept() (int, error) {
	if err := a.wait(); err != nil {
		return -1, err
	}
	fd, err := a.l.Accept()
	return fd, a.l.orPause(err)
}

// wait blocks until the set tells something, or a signal came.
func (a *epolled) wait() error {
	var events [1]unix.EpollEvent
	if _, err := a.set.Wait(events[:], -1); err != nil {
		return a.l.judge(errnoOf(err))
	}
	return nil
}

func (a *epolled) Close() error { return a.set.Close() }

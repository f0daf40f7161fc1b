package sock

import (
	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

var pollMode = AcceptMode{
	Name:   "poll",
	Doc:    "ppoll, then a non-blocking accept4, as in Apache httpd; each connection wakes all threads",
	Shared: true,
	New:    func(ls ...*Listener) (Acceptor, error) { return newPolled(ls) },
}

type polled struct{ several }

func newPolled(ls []*Listener) (Acceptor, error) {
	a := &polled{several{all: ls}}
	return a, a.doNotWait()
}

func (a *polled) Accept() (int, error) {
	l := a.all[0]
	if l.ended.Load() {
		return -1, ErrEnded
	}
	if len(a.all) > 1 {
		return a.acceptAny()
	}
	set := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	if _, err := block.Poll(set[:], nil); err != nil {
		return -1, l.judge(errnoOf(err))
	}
	fd, err := l.Accept()
	return fd, l.orPause(err)
}

func (a *polled) acceptAny() (int, error) {
	var room [MostListeners]unix.PollFd
	set := room[:len(a.all)]
	for i, l := range a.all {
		set[i] = unix.PollFd{Fd: int32(l.fd), Events: unix.POLLIN}
	}
	if _, err := block.Poll(set, nil); err != nil {
		return -1, a.all[0].judge(errnoOf(err))
	}
	var ready uint64
	for i := range set {
		if set[i].Revents != 0 {
			ready |= 1 << i
		}
	}
	if ready == 0 {
		return -1, ErrNoConnection
	}
	l := a.next(ready)
	fd, err := l.Accept()
	return fd, l.orPause(err)
}

func (a *polled) Close() error { return nil }

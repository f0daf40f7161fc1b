package sock

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

var epollEdgeMode = AcceptMode{
	Name:   "epoll-et",
	Doc:    "all threads wait on one set, edge-triggered: one thread wakes for a connection; it tells the others by epoll_ctl that there may be more, if any of them sleeps",
	Shared: true,
	New: func(ls ...*Listener) (Acceptor, error) {
		l, err := only("epoll-et", ls)
		if err != nil {
			return nil, err
		}
		a, err := newEpolled(ls, unix.EPOLLIN|unix.EPOLLET)
		if err != nil {
			return nil, err
		}
		return &edged{epolled: a, l: l}, nil
	},
}

// edged shares one set with edge trigger among threads that take one
// connection at a time. Two connections that come at once are one edge, so the
// thread that has it must not go away to serve the first and leave the second:
// it notes that there may be more, and if a thread sleeps, or is about to, has
// the kernel look at the listener again (EPOLL_CTL_MOD), which is an edge if
// there is something. Threads that are awake look before they sleep.
//
// more says that the queue of connections was not seen empty. A thread clears
// it before it looks, and sets it when it has found anything but an empty
// queue. So a connection is known by an edge that nobody has taken, by more, or
// by a thread that is about to look or to have the kernel look.
//
//	having looked             going to sleep
//	more = 1                  sleepers++
//	if sleepers > 0:          if more == 0: epoll_wait
//		more = 0, MOD
//
// Either the one sees the sleeper or the other sees that there is more. The
// end of the listener is passed on from thread to thread in the same way.
type edged struct {
	*epolled
	l        *Listener
	more     atomic.Bool
	sleepers atomic.Int32
}

func (a *edged) Accept() (int, error) {
	if !a.more.Load() {
		if err := a.sleep(); err != nil && err != ErrEnded {
			return -1, err
		}
	}
	if a.l.ended.Load() {
		a.mayBeMore()
		return -1, ErrEnded
	}
	a.more.Store(false)
	fd, errno := a.l.tryAccept()
	if errno == 0 {
		a.mayBeMore()
		return fd, nil
	}
	err := a.l.judge(errno)
	if errno != unix.EAGAIN || err == ErrEnded {
		a.mayBeMore()
	}
	return -1, a.l.orPause(err)
}

func (a *edged) sleep() error {
	a.sleepers.Add(1)
	defer a.sleepers.Add(-1)
	if a.more.Load() {
		return nil
	}
	_, err := a.wait()
	return err
}

func (a *edged) mayBeMore() {
	a.more.Store(true)
	if a.sleepers.Load() > 0 {
		a.more.Store(false)                                    // first: what others note from here on stays noted
		_ = a.set.Modify(a.l.fd, unix.EPOLLIN|unix.EPOLLET, 0) // it is there
	}
}

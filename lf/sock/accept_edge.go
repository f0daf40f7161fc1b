package sock

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

var epollEdgeMode = AcceptMode{
	Name:   "epoll-et",
	Doc:    "all threads wait on one set, edge-triggered: one thread wakes for a connection; if others sleep, it wakes one by epoll_ctl, because there may be more",
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

// edged shares one edge-triggered set among threads that accept one connection
// at a time. Two connections that come together are one edge. So the thread
// that gets the edge must not serve the first connection and forget the second.
// It sets more. If a thread sleeps or is about to, it also makes the kernel
// check the listener again (EPOLL_CTL_MOD), which is a new edge if connections
// wait. Threads that are awake check more before they sleep.
//
// more says that the accept queue may not be empty. A thread clears it before
// it accepts, and sets it again unless the queue was empty. So for every
// waiting connection there is an edge that no thread has taken, or more is set,
// or a thread is about to accept or to call EPOLL_CTL_MOD.
//
//	after accepting           before sleeping
//	more = 1                  sleepers++
//	if sleepers > 0:          if more == 0: epoll_wait
//		more = 0, MOD
//
// Either the first thread sees the sleeper, or the second sees more. The end of
// the listener passes from thread to thread in the same way.
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
		a.more.Store(false)                                    // first, so that what others set after this stays set
		_ = a.set.Modify(a.l.fd, unix.EPOLLIN|unix.EPOLLET, 0) // cannot fail: the set contains it
	}
}

package sock

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
	"lflab/sync/uring"
)

// UringAhead is how many connections the kernel may accept ahead of a
// UringAcceptor's thread: its completion queue. They wait there, accepted and
// unserved, where the accept queue of the listener would have held them.
const UringAhead = 64

// UringAcceptor accepts by io_uring: one multishot request stays in a ring,
// and the kernel puts a connection into the completion queue for each peer that
// comes. While there are any, Accept makes no system call.
//
// It is for a leader: one thread at a time is in Accept, and what makes it the
// next one's turn (the leadership) also passes on what the last one wrote. The
// ring knows nothing of threads, so any may be the next one. But the request
// belongs to the thread that made it, and the kernel accepts on that one: it
// interrupts it for each connection that comes while the ring is waited on,
// also when it serves one by then, and its blocking calls may return EINTR.
// When that thread ends, the next Accept makes a new request.
type UringAcceptor struct {
	l     *Listener
	ring  *uring.Ring
	armed bool // the request is in the ring, and its last completion was not seen
	taken bool // back: the request was cancelled
	own   int  // duplicate of a shared listener's descriptor, -1 for none: LetGo may come before the last look
	flags uint16
}

// UringAvailable tells why there can be no UringAcceptor on this machine: it
// wants Linux 5.19 with io_uring allowed. nil means that there can.
func UringAvailable() error {
	if err := uring.Available(uring.OpSocket); err != nil {
		return fmt.Errorf("multishot accept (Linux 5.19): %w", err)
	}
	return nil
}

// NewUringAcceptor makes an acceptor for a listener that waits, which stays its
// caller's to shut down and, after the acceptor, to close.
func NewUringAcceptor(l *Listener) (*UringAcceptor, error) {
	if l.noWait {
		return nil, errors.New("accept by io_uring: the listener does not wait (leave out DoNotWait: a request in a ring is there to wait)")
	}
	if err := UringAvailable(); err != nil {
		return nil, err
	}
	ring, err := uring.New(2, UringAhead)
	if err != nil {
		return nil, fmt.Errorf("accept by io_uring: %w", err)
	}
	a := &UringAcceptor{l: l, ring: ring, own: -1, flags: uring.AcceptMultishot}
	if l.shared {
		if a.own, err = unix.FcntlInt(uintptr(l.fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return nil, errors.Join(fmt.Errorf("accept by io_uring: duplicate the listener: %w", err), ring.Close())
		}
	}
	return a, nil
}

// User data, to tell the request from its cancellation.
const (
	uringAccept = 1
	uringCancel = 2
)

// Accept is as (*Listener).Accept, for one thread at a time. After Shutdown it
// returns the connections that were accepted before, then ErrEnded.
func (a *UringAcceptor) Accept() (fd int, err error) {
	for {
		if c, ok := a.ring.Completion(); ok {
			if c.UserData != uringAccept {
				continue
			}
			fd, errno := a.take(c)
			switch {
			case errno == 0:
				return fd, nil
			case errno == unix.ECANCELED: // taken back, or the thread that made the request has ended
				continue
			case a.l.shared && a.l.ended.Load(): // there may be others behind it
				continue
			}
			return -1, a.l.judge(errno)
		}
		switch ended := a.l.ended.Load(); {
		case !a.armed && ended:
			return a.last()
		case !a.armed:
			a.arm()
		case ended && a.l.shared && !a.taken: // what has been accepted by now still comes
			a.taken = true
			a.cancel()
		}
		if err := a.ring.Enter(1); err != nil {
			if errnoOf(err) == unix.EINTR && a.l.ended.Load() {
				continue // the request is still to be taken back
			}
			return -1, a.l.judge(errnoOf(err))
		}
	}
}

// last takes a connection whose news the request had when it was taken back: the
// kernel wakes one waiter for each, and none of the other processes has heard of
// this one. When there are none the listener is left. It may block where another
// process was faster, until the thread is interrupted (see Shutdown).
func (a *UringAcceptor) last() (fd int, err error) {
	for a.taken && a.own >= 0 {
		set := [1]unix.PollFd{{Fd: int32(a.own), Events: unix.POLLIN}}
		if n, err := unix.Poll(set[:], 0); n == 0 || err != nil && err != unix.EINTR {
			break
		}
		r, _, errno := block.Syscall6(unix.SYS_ACCEPT4, uintptr(a.own), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR && errno != unix.EAGAIN && errno != unix.ECONNABORTED {
			break // who comes now is somebody else's
		}
	}
	a.disown()
	return -1, ErrEnded
}

func (a *UringAcceptor) disown() {
	if a.own >= 0 {
		_ = unix.Close(a.own)
		a.own = -1
	}
}

func (a *UringAcceptor) arm() {
	*a.ring.Next() = uring.Entry{
		Op: uring.OpAccept, Priority: a.flags,
		FD: int32(a.l.fd), OpFlags: unix.SOCK_CLOEXEC, UserData: uringAccept,
	}
	a.armed = true
}

func (a *UringAcceptor) cancel() {
	*a.ring.Next() = uring.Entry{Op: uring.OpCancel, Addr: uringAccept, UserData: uringCancel}
}

// take is what a completion brings: a descriptor, or why there is none.
func (a *UringAcceptor) take(c uring.Completion) (fd int, errno syscall.Errno) {
	if !c.More() {
		a.armed = false
	}
	if c.Result < 0 {
		return -1, syscall.Errno(-c.Result)
	}
	return int(c.Result), 0
}

// errnoOf is what judge wants to know of an error of the ring.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}

// Close takes the request back, closes the connections that nobody has taken,
// and gives the ring back. No thread may be in Accept. The listener goes on
// listening if it was not shut down.
func (a *UringAcceptor) Close() error {
	defer a.disown()
	if a.armed {
		a.cancel()
	}
	for {
		for c, ok := a.ring.Completion(); ok; c, ok = a.ring.Completion() {
			if c.UserData != uringAccept {
				continue
			}
			if fd, errno := a.take(c); errno == 0 {
				unix.Close(fd)
			}
		}
		if !a.armed {
			return a.ring.Close()
		}
		if err := a.ring.Enter(1); err != nil {
			return errors.Join(err, a.ring.Close())
		}
	}
}

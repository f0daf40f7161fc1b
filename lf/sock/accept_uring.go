package sock

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
	"lflab/sync/uring"
)

// UringAhead is the size of a UringAcceptor's completion queue. The kernel may
// accept that many connections before the thread asks for them. They wait there
// instead of in the listener's accept queue.
const UringAhead = 64

// UringAcceptor accepts by io_uring. One multishot request stays in a ring, and
// the kernel puts each new connection into the completion queue. While there
// are any, Accept makes no system call.
//
// One thread at a time, the leader, may be in Accept. Passing the leadership
// must also make the previous leader's writes visible. The ring is not tied to
// a thread, so any thread may be next. But the request belongs to the thread
// that made it, and the kernel accepts on that thread: it interrupts it for
// each connection that comes while the ring is waited on, even if it serves
// another connection by then, and its blocking calls may return EINTR. When
// that thread ends, the next Accept makes a new request.
type UringAcceptor struct {
	l     *Listener
	ring  *uring.Ring
	armed bool // the request is in the ring, and its last completion was not seen
	taken bool // the request was cancelled because the listener ended
	own   int  // a duplicate of a shared listener's descriptor, because LetGo may replace that before last; or -1
	flags uint16
}

// uringAvailable returns an error that says why there can be no UringAcceptor
// on this machine, or nil. It needs Linux 5.19 and permission to use io_uring.
func uringAvailable() error {
	if err := uring.Available(uring.OpSocket); err != nil {
		return fmt.Errorf("multishot accept (Linux 5.19): %w", err)
	}
	return nil
}

// newUringAcceptor makes an acceptor for a blocking listener. The listener
// still belongs to the caller, who closes it after the acceptor.
func newUringAcceptor(l *Listener) (*UringAcceptor, error) {
	if l.noWait {
		return nil, errors.New("accept by io_uring: the listener is non-blocking (leave out DoNotWait, because the request must wait)")
	}
	if err := uringAvailable(); err != nil {
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

// User data of the request and of its cancellation.
const (
	uringAccept = 1
	uringCancel = 2
)

// Accept works as (*Listener).Accept, for one thread at a time. After Shutdown
// it returns the connections that were accepted before, then ErrEnded.
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
			case errno == unix.ECANCELED: // cancelled, or the thread that made the request has ended
				continue
			case a.l.shared && a.l.ended.Load(): // there may be further completions
				continue
			}
			return -1, a.l.judge(errno)
		}
		switch ended := a.l.ended.Load(); {
		case !a.armed && ended:
			return a.last()
		case !a.armed:
			a.arm()
		case ended && a.l.shared && !a.taken: // completes after what has been accepted until now
			a.taken = true
			a.cancel()
		}
		if err := a.ring.Enter(1); err != nil {
			if errnoOf(err) == unix.EINTR && a.l.ended.Load() {
				continue // the request must still be cancelled
			}
			return -1, a.l.judge(errnoOf(err))
		}
	}
}

// last accepts connections that the kernel announced to the cancelled request.
// The kernel wakes one waiter for each connection, so no other process may know
// of them. When there are none, it returns ErrEnded. If another process was
// faster, it may block until the thread is interrupted (see Shutdown).
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
			break // other processes accept what comes now
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

// take returns a completion's descriptor, or its error.
func (a *UringAcceptor) take(c uring.Completion) (fd int, errno syscall.Errno) {
	if !c.More() {
		a.armed = false
	}
	if c.Result < 0 {
		return -1, syscall.Errno(-c.Result)
	}
	return int(c.Result), 0
}

func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}

// Close cancels the request, closes the connections that no thread has taken,
// and frees the ring. No thread may be in Accept. The listener continues to
// listen unless it was shut down.
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

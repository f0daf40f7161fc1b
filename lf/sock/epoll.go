package sock

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// Epoll is a handle set of epoll(7).
type Epoll struct{ fd int }

// newEpoll makes an empty set.
func newEpoll() (*Epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll set: %w", err)
	}
	return &Epoll{fd: fd}, nil
}

// Add adds a descriptor to the set. Its events carry token.
func (e *Epoll) Add(fd int, events uint32, token uint64) error {
	return e.control(unix.EPOLL_CTL_ADD, fd, events, token)
}

// Modify changes the events to wait for, and rearms EPOLLONESHOT.
func (e *Epoll) Modify(fd int, events uint32, token uint64) error {
	return e.control(unix.EPOLL_CTL_MOD, fd, events, token)
}

// Remove removes a descriptor from the set. Closing the descriptor does so,
// too.
func (e *Epoll) Remove(fd int) error { return e.control(unix.EPOLL_CTL_DEL, fd, 0, 0) }

// Again makes the set check again whether a descriptor is ready. With
// EPOLLEXCLUSIVE the kernel may have told another set instead. It ignores
// descriptors that are not in the set.
func (e *Epoll) Again(fd int, events uint32, token uint64) {
	if e.Remove(fd) == nil {
		_ = e.Add(fd, events, token) // cannot fail: it was just removed
	}
}

func (e *Epoll) control(op, fd int, events uint32, token uint64) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(token), Pad: int32(token >> 32)}
	return unix.EpollCtl(e.fd, op, fd, &ev)
}

// Token returns the token that Add got for the event's descriptor.
func Token(ev *unix.EpollEvent) uint64 { return uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32 }

// Wait blocks until a descriptor is ready or timeout ms have passed (-1: no
// timeout). After a signal it returns 0 events.
func (e *Epoll) Wait(events []unix.EpollEvent, timeout int) (int, error) {
	n, err := block.EpollWait(e.fd, events, timeout)
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("wait on epoll set: %w", err)
	}
	return n, nil
}

// Never is the time at which WaitTill does not end.
const Never = math.MaxInt64

// WaitTill is Wait until an absolute time, given what time it is now, both ns of
// CLOCK_MONOTONIC. It may end up to a millisecond later.
func (e *Epoll) WaitTill(events []unix.EpollEvent, now, till int64) (int, error) {
	timeout := -1
	if till != Never {
		timeout = int((max(till-now, 0) + int64(time.Millisecond) - 1) / int64(time.Millisecond))
	}
	return e.Wait(events, timeout)
}

// Poll is Wait without blocking. It costs less than a Wait that finds something
// at once.
func (e *Epoll) Poll(events []unix.EpollEvent) (int, error) {
	n, errno := epollPoll(e.fd, events)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("poll epoll set: %w", errno)
	}
	return n, nil
}

// Close closes the set.
func (e *Epoll) Close() error { return unix.Close(e.fd) }

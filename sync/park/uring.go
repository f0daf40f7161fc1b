package park

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/futex"
	"lflab/sync/uring"
)

var uringKind = Kind{
	Name:      "uring",
	Doc:       "a futex wait in a ring of io_uring of its own, woken by futex(2): what the ring adds to a futex; the owner could await I/O in the same call",
	Kernel:    "6.7",
	New:       newUring,
	Available: func() error { return uring.Available(uring.OpFutexWait) },
}

// uringParker sleeps as futexParker does, but it is a request in the ring that
// the kernel queues on the permit word, and the thread waits for its completion.
//
// The request may outlive the sleep, when a deadline or a signal ended that or
// the owner found the permit by itself. It is left where it is: a wake-up is
// for the word and not for one sleep, so the next sleep needs no new one.
type uringParker struct {
	permit cas.Permit

	// The owner's.
	ring   *uring.Ring
	queued bool // the request is in the ring, and its completion was not seen
}

// User data, to tell the request from its cancellation.
const (
	uringWait   = 1
	uringCancel = 2
)

func newUring(Options) (Parker, error) {
	ring, err := uring.New(2, 4)
	if err != nil {
		return nil, err
	}
	return &uringParker{ring: ring}, nil
}

func (p *uringParker) Park() { p.park(noDeadline) }

func (p *uringParker) ParkUntil(deadline int64) bool { return p.park(deadline) }

// park reports whether it took a permit.
func (p *uringParker) park(deadline int64) bool {
	var take cas.Take
	for {
		switch take.Step(&p.permit) {
		case cas.TakeSleep:
			if !p.sleep(deadline) {
				return p.permit.Cancel()
			}
		case cas.Taken:
			return true
		}
	}
}

// sleep blocks until the request is done, or a signal came. It reports whether
// to look at the permit again; false means that the deadline has passed.
func (p *uringParker) sleep(deadline int64) bool {
	var limit *unix.Timespec
	if deadline != noDeadline {
		// The limit is relative: Linux 6.12 is the first to take another.
		left := until(deadline)
		if left <= 0 {
			return false
		}
		ts := unix.NsecToTimespec(int64(left))
		limit = &ts
	}
	if !p.queued {
		e := p.ring.Next()
		e.Op, e.UserData = uring.OpFutexWait, uringWait
		e.SetWord(p.permit.Word(), cas.Asleep)
		p.queued = true
	}
	err := p.ring.EnterFor(1, limit)
	p.look()
	switch err {
	case nil:
		return true
	case uring.ErrDeadline:
		return false
	}
	panic("park: " + err.Error())
}

// look takes the completions that are there.
func (p *uringParker) look() {
	for {
		c, ok := p.ring.Completion()
		if !ok {
			return
		}
		if c.UserData != uringWait {
			continue
		}
		p.queued = false
		switch errno := unix.Errno(-c.Result); errno {
		case 0, unix.EAGAIN: // woken; the word had changed
		case unix.EINTR, unix.ECANCELED: // the thread that made the request has ended
		default:
			panic(fmt.Sprintf("park: futex wait by io_uring: %v", errno))
		}
	}
}

func (p *uringParker) Unpark() (woke bool) {
	if !p.permit.Give() {
		return false
	}
	futex.Wake(p.permit.Word(), 1)
	return true
}

// Close takes the request back first: the kernel knows the word by its address,
// and would take a wake-up from whatever lies there next.
func (p *uringParker) Close() error {
	for asked := false; p.queued; p.look() {
		if !asked {
			*p.ring.Next() = uring.Entry{Op: uring.OpCancel, Addr: uringWait, UserData: uringCancel}
			asked = true
		}
		if err := p.ring.Enter(1); err != nil {
			return err
		}
	}
	return p.ring.Close()
}

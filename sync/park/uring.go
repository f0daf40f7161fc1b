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
	Doc:       "a futex wait in an io_uring of its own, woken by futex(2): shows what the ring adds to a futex; the owner could wait for I/O in the same call",
	Kernel:    "6.7",
	New:       newUring,
	Files:     1,
	Available: func() error { return uring.Available(uring.OpFutexWait) },
}

// uringParker sleeps like futexParker, but through a request in its ring. The
// kernel queues the request on the permit word, and the thread waits for its
// completion.
//
// A deadline, a signal, or a permit that the owner found itself may end a sleep
// before the request completes. The request then stays queued. The next sleep
// uses it, because a wake-up belongs to the word and not to one sleep.
type uringParker struct {
	permit cas.Permit

	// Only the owner uses these.
	ring   *uring.Ring
	queued bool // the request is in the ring and has not completed
}

// User data of the request and of its cancellation.
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

// sleep blocks until the request completes or a signal comes. It returns false
// if the deadline has passed, and true if the owner must look at the permit
// again.
func (p *uringParker) sleep(deadline int64) bool {
	var limit *unix.Timespec
	if deadline != noDeadline {
		// The limit is relative, because an absolute one needs Linux 6.12.
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

// look consumes all completions.
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

// Close cancels the request first, because the kernel knows the word only by
// its address and would react to wake-ups of whatever is stored there next.
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

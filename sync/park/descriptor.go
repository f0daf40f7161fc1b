package park

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/block"
)

// descriptor is the common part of parkers that sleep in a read of a file
// descriptor. As with a futex, the permit decides whether Park returns. A token
// in the descriptor only ends a sleep. A waker writes a token for each Give
// that found the owner asleep, and for no other.
//
// A token may come late, after a signal or a deadline ended the sleep and the
// owner saw the permit. Then it stays in the descriptor and ends the next sleep
// early, which is harmless.
type descriptor struct {
	read, write int    // equal where one descriptor serves for both
	token       []byte // what a wake-up writes
	count       func(read []byte) int

	permit cas.Permit // its padding separates what wakers read from what the owner writes

	// Only the owner uses these.
	buf  [64]byte
	poll [1]unix.PollFd
	owed int // tokens that wakers have written or will write, and the owner has not read
}

func newDescriptor(read, write int, token []byte, count func([]byte) int) *descriptor {
	return &descriptor{
		read: read, write: write, token: token, count: count,
		poll: [1]unix.PollFd{{Fd: int32(read), Events: unix.POLLIN}},
	}
}

func (d *descriptor) Park() {
	var take cas.Take
	slept := false
	for {
		switch take.Step(&d.permit) {
		case cas.TakeSleep:
			slept = true
			d.consume()
		case cas.Taken:
			d.took(slept)
			return
		}
	}
}

func (d *descriptor) ParkUntil(deadline int64) bool {
	var take cas.Take
	slept := false
	for {
		switch take.Step(&d.permit) {
		case cas.TakeSleep:
			slept = true
			if !d.consumeUntil(deadline) {
				taken := d.permit.Cancel()
				d.took(taken)
				return taken
			}
		case cas.Taken:
			d.took(slept)
			return true
		}
	}
}

// took counts a token that belongs to the permit that was taken. There is one
// if the permit came after the owner had set Asleep, because its giver saw
// that.
func (d *descriptor) took(token bool) {
	if token {
		d.owed++
	}
}

// consume blocks until it has read one or more tokens, or until a signal.
func (d *descriptor) consume() {
	n, err := block.Read(d.read, d.buf[:])
	switch err {
	case nil:
		d.owed -= d.count(d.buf[:n])
	case unix.EINTR:
	default:
		panic(fmt.Sprintf("park: read token from descriptor %d: %v", d.read, err))
	}
}

// consumeUntil is consume with a deadline. It returns false if the deadline has
// passed and there is no token, and true if the owner must look at the permit
// again. It consumes tokens even after the deadline, so that there are never
// more unread tokens than calls of Unpark under way.
func (d *descriptor) consumeUntil(deadline int64) bool {
	// The time-out of ppoll is relative. It is computed anew each time, so that
	// a signal does not extend it.
	left := unix.NsecToTimespec(int64(max(until(deadline), 0)))
	n, err := block.Poll(d.poll[:], &left)
	switch {
	case err == unix.EINTR:
	case err != nil:
		panic(fmt.Sprintf("park: poll descriptor %d: %v", d.read, err))
	case n == 0:
		return false
	default:
		d.consume()
	}
	return true
}

func (d *descriptor) Unpark() (woke bool) {
	if !d.permit.Give() {
		return false
	}
	d.issue()
	return true
}

// Close waits for tokens that wakers are about to write. Otherwise they would
// write to a descriptor number that may have been reused. The owner calls it.
func (d *descriptor) Close() error {
	for d.owed > 0 {
		d.consume()
	}
	if err := unix.Close(d.read); err != nil {
		return fmt.Errorf("close descriptor %d: %w", d.read, err)
	}
	if d.write == d.read {
		return nil
	}
	if err := unix.Close(d.write); err != nil {
		return fmt.Errorf("close descriptor %d: %w", d.write, err)
	}
	return nil
}

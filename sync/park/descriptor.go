package park

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/block"
)

// descriptor is what parkers have in common that sleep in a read of a file
// descriptor. The permit decides, exactly as for a futex; a token in the
// descriptor only ends a sleep. A token is written for each Give that found
// the owner asleep, and for no other.
//
// A token may come late: after the owner saw the permit by itself, because a
// signal or a deadline ended its sleep. It then lies in the descriptor and
// ends the next sleep early, which is harmless.
type descriptor struct {
	read, write int    // the same one where reading and writing ends are one
	token       []byte // what a wake-up writes
	count       func(read []byte) int

	permit cas.Permit // its padding keeps what wakers read from what the owner writes

	// The owner's.
	buf  [64]byte
	poll [1]unix.PollFd
	owed int // tokens that wakers wrote or are about to, and that were not read
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

// took notes that a permit was taken for which there is a token: a permit that
// came after the owner had said that it sleeps was given by a waker that saw so.
func (d *descriptor) took(token bool) {
	if token {
		d.owed++
	}
}

// consume blocks until there are tokens and reads them, or until a signal.
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

// consumeUntil is consume with a deadline. It reports whether to look at the
// permit again; false means that the deadline has passed and that there was no
// token. Tokens that are there are consumed even after the deadline, so that
// no more of them can lie around than wakers are under way.
func (d *descriptor) consumeUntil(deadline int64) bool {
	// ppoll's time-out is relative: computed anew each time, a signal does
	// not extend it.
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

// Close waits for tokens that wakers are about to write, so that none can hit
// a descriptor that is somebody else's by then.
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

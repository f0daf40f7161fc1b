// Package park puts one thread to sleep until one other wakes it.
//
// A Parker is the primitive that a follower of the pool or a worker of the
// queue sleeps on. The kinds differ in what they sleep on (a futex word or
// several, an eventfd, a pipe, a ring of io_uring, a condition variable, a
// channel) and in nothing else; each is one file and one line in the registry,
// and each passes the same conformance test. The package knows nothing of pools, queues and leaders.
//
// A parker belongs to one sleeping thread, its owner. Any thread may wake it.
// It holds at most one permit, as package cas describes: waking before the
// sleep is not lost, and waking twice is waking once. The pattern of use, seen
// from both sides:
//
//	owner                              waker
//	for !ready.Load() {                ready.Store(true)
//		parker.Park()                  parker.Unpark()
//	}
//
// The loop is not optional. A late wake-up for an earlier sleep ends the next
// one early: the predicate tells, never the return from Park.
package park

import "time"

// Parker is one thread's bed. Park, ParkUntil and Close are the owner's alone;
// Unpark may be called by any thread, at any time before Close.
type Parker interface {
	// Park blocks the calling thread until there is a permit and takes it.
	// It may return without one.
	Park()

	// ParkUntil is Park with a deadline, absolute, in nanoseconds of
	// CLOCK_MONOTONIC. It reports whether it took a permit.
	ParkUntil(deadline int64) bool

	// Unpark makes a permit available and wakes the owner if it sleeps.
	// It never blocks. It reports whether it had to wake the owner; false
	// means that the owner was awake and no wake-up was issued.
	Unpark() (woke bool)

	// Close gives back what the parker holds of the system. The owner must
	// not be parked.
	Close() error
}

// Options are the parameters that kinds may use. The zero value is every
// kind's default.
type Options struct {
	// Spin is how long kinds that spin or yield look at the permit before they
	// sleep.
	// 0 means DefaultSpin.
	Spin time.Duration
}

// DefaultSpin is the spin budget of spinning kinds: the 2 us after which
// folly's Baton and Caladan's scheduler give up spinning, too.
const DefaultSpin = 2 * time.Microsecond

// A Kind is one way to park, known by its name.
type Kind struct {
	Name   string
	Doc    string // one line: what it sleeps on, and what it is there to test
	Kernel string // the oldest Linux it works on, as "5.16"; what Go itself needs is "3.2"
	New    func(Options) (Parker, error)

	// Unlocked asks that the owner be a goroutine that is not locked to its
	// thread: what is measured is the Go scheduler without the detour that
	// locking costs. Such an owner has no thread to pin, name or signal. The
	// kind works on locked threads, too; it is another kind's twin there.
	// lf/thread.Options has a field of this name to pass it to.
	Unlocked bool

	// Available tells why the kind does not work on this machine; nil means
	// that it does. The machine is asked once. A nil func means always.
	Available func() error
}

// Usable is Available for every kind.
func (k Kind) Usable() error {
	if k.Available == nil {
		return nil
	}
	return k.Available()
}

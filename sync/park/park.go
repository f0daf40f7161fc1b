// Package park puts a thread to sleep until another thread wakes it.
//
// A Parker is the primitive that a follower of the pool or a worker of the
// queue sleeps on. The kinds differ only in what they sleep on: one or more
// futex words, an eventfd, a pipe, an io_uring, a condition variable, or a
// channel. Each kind is one file and one line in the registry. All kinds pass
// the same conformance test. The package knows nothing about pools, queues and
// leaders.
//
// A parker belongs to one sleeping thread, its owner. Any thread may wake it.
// It holds at most one permit, as package cas describes: a wake-up before the
// sleep is not lost, and two wake-ups count as one. Use it like this:
//
//	owner                              waker
//	for !ready.Load() {                ready.Store(true)
//		parker.Park()                  parker.Unpark()
//	}
//
// The loop is necessary. A late wake-up for an earlier sleep ends the next
// sleep early. So only the predicate says whether to go on, not the return from
// Park.
package park

import "time"

// Parker is what one thread sleeps on. Only the owner may call Park, ParkUntil
// and Close. Any thread may call Unpark, at any time before Close.
type Parker interface {
	// Park blocks the calling thread until there is a permit, and takes it. It
	// may return early without one.
	Park()

	// ParkUntil is Park with an absolute deadline, in nanoseconds of
	// CLOCK_MONOTONIC. It reports whether it took a permit.
	ParkUntil(deadline int64) bool

	// Unpark makes a permit available and wakes the owner if it sleeps. It
	// reports whether it woke the owner. It never blocks.
	Unpark() (woke bool)

	// Close frees the parker's system resources. The owner must not be parked.
	Close() error
}

// Options are the parameters of kinds. Their zero value selects every kind's
// default.
type Options struct {
	// Spin is how long kinds that spin or yield look at the permit before they
	// sleep. 0 means DefaultSpin.
	Spin time.Duration
}

// DefaultSpin is the spin budget of kinds that spin. folly's Baton and
// Caladan's scheduler also give up spinning after 2 µs.
const DefaultSpin = 2 * time.Microsecond

// A Kind is one way to park.
type Kind struct {
	Name   string
	Doc    string // one line: what it sleeps on, and what it tests
	Kernel string // the oldest Linux it works on, as "5.16"; "3.2" is what Go itself needs
	New    func(Options) (Parker, error)
	Files  int // descriptors of each parker

	// Unlocked says that the owner should be a goroutine that is not locked to
	// its thread. It measures the Go scheduler without the detour that locking
	// costs. Such an owner has no thread to pin, name or signal. The kind also
	// works on locked threads, where it behaves like another kind. Pass it on
	// to lf/thread.Options.Unlocked.
	Unlocked bool

	// Available returns an error that says why the kind does not work on this
	// machine, or nil. It asks the machine once. If the func is nil the kind
	// always works.
	Available func() error
}

// Usable calls Available, if there is one.
func (k Kind) Usable() error {
	if k.Available == nil {
		return nil
	}
	return k.Available()
}

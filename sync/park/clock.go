package park

import (
	"time"

	"golang.org/x/sys/unix"
)

// now is CLOCK_MONOTONIC in nanoseconds, the clock of deadlines. It is a
// system call, for use next to one that sleeps.
func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("park: clock_gettime(CLOCK_MONOTONIC): " + err.Error())
	}
	return ts.Nano()
}

// until is how long it is until the deadline; less than 0 when that has passed.
func until(deadline int64) time.Duration {
	return time.Duration(max(deadline, 0) - now()) // no deadline is so early that this wraps around
}

var base = time.Now()

// elapsed reads the same clock without a system call, from another origin: it
// is good for differences of tens of nanoseconds and nothing else.
func elapsed() time.Duration { return time.Since(base) }

package park

import (
	"time"

	"golang.org/x/sys/unix"
)

// now reads CLOCK_MONOTONIC, the clock of deadlines, in nanoseconds. It makes a
// system call, so use it next to calls that sleep.
func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("park: clock_gettime(CLOCK_MONOTONIC): " + err.Error())
	}
	return ts.Nano()
}

// until returns the time left until the deadline. It is negative when the
// deadline has passed.
func until(deadline int64) time.Duration {
	return time.Duration(max(deadline, 0) - now()) // cannot overflow, because both operands are at least 0
}

var base = time.Now()

// elapsed reads the same clock from another origin, without a system call. Use
// it only for differences.
func elapsed() time.Duration { return time.Since(base) }

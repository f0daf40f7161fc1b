package flight

import (
	"time"

	"golang.org/x/sys/unix"
)

// The time package reads CLOCK_MONOTONIC through the vDSO (about 0.02 µs) but
// hides its value. The system call clock_gettime shows the value (about 0.2
// µs). init relates the two once: of 16 pairs of readings it takes the closest.
var (
	base       time.Time
	baseOffset int64 // CLOCK_MONOTONIC at base
)

func init() {
	best := time.Duration(1 << 62)
	for range 16 {
		var ts unix.Timespec
		before := time.Now()
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			panic("flight: clock_gettime(CLOCK_MONOTONIC): " + err.Error())
		}
		if d := time.Since(before); d < best {
			best, base, baseOffset = d, before, ts.Nano()-int64(d/2)
		}
	}
}

// Now returns CLOCK_MONOTONIC in nanoseconds, the clock of the kernel's
// tracing, without a system call. The value is accurate to 1 µs. Differences of
// two calls in one process are exact.
func Now() int64 { return baseOffset + int64(time.Since(base)) }

// FromRealtime converts a time stamp of CLOCK_REALTIME, as the kernel gives for
// received data, to CLOCK_MONOTONIC. If the clock steps between the stamp and
// this call, the result is wrong by that step; the lab's clock gate finds such
// trials.
func FromRealtime(ns int64) int64 {
	now := time.Now()
	return ns - now.UnixNano() + baseOffset + int64(now.Sub(base))
}

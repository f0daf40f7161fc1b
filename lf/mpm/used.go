package mpm

import (
	"time"

	"golang.org/x/sys/unix"
)

// used is the CPU time that the process has used.
func used() (user, system time.Duration) {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}

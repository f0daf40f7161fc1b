package control

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// adopts reports that processes whose parent has ended become children of this
// one: it is the first of its container, or has asked for them
// (PR_SET_CHILD_SUBREAPER of prctl(2)). Nobody else takes note of their end.
func adopts() bool {
	if os.Getpid() == 1 {
		return true
	}
	var reaper int32
	return childSubreaper(&reaper) && reaper != 0
}

// takeOrphans takes note of the end of all children that have ended, and calls
// ended for each.
func takeOrphans(ended func(pid int, status unix.WaitStatus, usage unix.Rusage)) {
	for {
		var status unix.WaitStatus
		var usage unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		ended(pid, status, usage)
	}
}

// adoptOrphans does that for a process that has no children of its own, until
// the function that it returns is called.
func adoptOrphans() (stop func()) {
	if !adopts() {
		return func() {}
	}
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, unix.SIGCHLD)
	over := make(chan struct{})
	go func() {
		for {
			takeOrphans(func(int, unix.WaitStatus, unix.Rusage) {})
			select {
			case <-deaths:
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(deaths)
		close(over)
	}
}

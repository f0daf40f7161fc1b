package control

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// adopts reports whether this process adopts orphaned processes, because it is
// the first of its container or a subreaper (PR_SET_CHILD_SUBREAPER of
// prctl(2)). It must then wait for them, because nobody else can.
func adopts() bool {
	if os.Getpid() == 1 {
		return true
	}
	var reaper int32
	return childSubreaper(&reaper) && reaper != 0
}

// takeOrphans waits for all children that have ended, adopted ones too, and
// calls ended for each. It does not block.
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

// adoptOrphans waits for adopted processes in a goroutine, until stop is
// called. The process must have no children of its own.
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

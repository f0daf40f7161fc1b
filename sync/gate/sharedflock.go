package gate

import "golang.org/x/sys/unix"

var sharedFlockKind = SharedKind{
	Name:   "flock",
	Doc:    "flock(2) on a file that each process has opened, one thread of each at a time: two system calls even when no process waits",
	Kernel: "3.17",
	Order:  "none: a release wakes every process that waits, and the first to run has it",
	Death:  "the kernel, when it closes the files of the dead process",

	New: func(opt SharedOptions) (*SharedOwner, error) { return newSharedFile("flock", opt, tryFlock) },
	open: func(_ Passport, fds []int) (lock, error) {
		s, err := openSharedFile(fds[0])
		if err != nil {
			return nil, err
		}
		s.wait = waitFlock
		s.unlock = func(fd int) unix.Errno { return flockNow(fd, unix.LOCK_UN) }
		return s, nil
	},
}

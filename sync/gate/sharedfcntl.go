package gate

import "golang.org/x/sys/unix"

var sharedFcntlKind = SharedKind{
	Name:   "fcntl",
	Doc:    "byte-range lock of an open file description (F_OFD_SETLKW), one thread of each process at a time: shows what the kernel's lists of ranges cost beside flock",
	Kernel: "3.17",
	Order:  "none: a release wakes every process that waits, and the first to run has it",
	Death:  "the kernel, when it closes the files of the dead process",

	New: func(opt SharedOptions) (*SharedOwner, error) { return newSharedFile("fcntl", opt, tryOFD) },
	open: func(_ Passport, fds []int) (lock, error) {
		s, err := openSharedFile(fds[0])
		if err != nil {
			return nil, err
		}
		s.wait = waitOFD
		s.unlock = func(fd int) unix.Errno { return setLock(fd, &freedByte) }
		return s, nil
	},
}

package gate

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var ofdKind = Kind{
	Name:   "ofd",
	Doc:    "byte-range lock of an open file description (F_OFD_SETLKW), Apache's AcceptMutex fcntl made fit for threads: what the lists of ranges cost on top of flock",
	Kernel: "3.15",
	New:    newOFD,
}

// ofd is a write lock on the first byte of a file. Classic fcntl locks belong
// to the process, so its threads would let each other in; these belong to an
// open file description, as those of flock do. The kernel looks for no
// deadlocks among them.
type ofd struct {
	files
	lock, unlock unix.Flock_t
	handover
}

func newOFD(threads int) (Gate, error) {
	fs, err := openFiles(threads)
	if err != nil {
		return nil, err
	}
	o := &ofd{
		files:  fs,
		lock:   unix.Flock_t{Type: unix.F_WRLCK, Len: 1},
		unlock: unix.Flock_t{Type: unix.F_UNLCK, Len: 1},
	}
	for _, l := range []*unix.Flock_t{&o.lock, &o.unlock} {
		if errno := setLock(fs[0], l); errno != 0 {
			fs.Close()
			return nil, fmt.Errorf("try lock of an open file description: %w", errno)
		}
	}
	return o, nil
}

func (o *ofd) Acquire(id int) {
	for {
		switch errno := setLockWait(o.files[id], &o.lock); errno {
		case 0:
			o.in()
			return
		case unix.EINTR:
		default:
			panic(fmt.Sprintf("gate ofd: lock descriptor %d: %v", o.files[id], errno))
		}
	}
}

func (o *ofd) Release(id int) {
	o.out()
	if errno := setLock(o.files[id], &o.unlock); errno != 0 {
		panic(fmt.Sprintf("gate ofd: unlock descriptor %d: %v", o.files[id], errno))
	}
}

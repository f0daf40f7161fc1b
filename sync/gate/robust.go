package gate

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"lflab/sync/futex"
)

var robustKind = Kind{
	Name:   "robust",
	Doc:    "futex that outlives its owner: the kernel frees it when the holder's thread ends, by the thread's list of robust locks; what it costs to be safe from a leader's death",
	Kernel: "3.17",
	New:    newRobust,
}

// robust is futexmutex with the owner's thread in the word, and the kernel
// told before each Acquire and Release of what may have to be cleaned up. What
// that costs is a system call for each Acquire: C libraries find a thread's
// list through the thread pointer, and Go code has to ask the kernel.
//
// The threads of a pool do not die: a panic that is not recovered takes the
// process with it. A leader's death is seen by other processes that map the
// same lock, see futex.Robust; inside one process, only the thread of a
// goroutine that returns without Release ends alone. The next thread then
// leads. There is nothing to repair, for leadership guards no data that could
// be half written.
type robust struct {
	lock *futex.Robust
}

func newRobust(int) (Gate, error) {
	fd, err := unix.MemfdCreate("lflab-gate", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make memory for robust lock: %w", err)
	}
	lock, err := futex.NewRobust(fd)
	if errClose := unix.Close(fd); err == nil && errClose != nil {
		err = errors.Join(fmt.Errorf("close memory of robust lock: %w", errClose), lock.Close())
	}
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, err := lock.Lock(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	lock.Unlock()
	return &robust{lock: lock}, nil
}

func (r *robust) Acquire(int) {
	if _, err := r.lock.Lock(); err != nil {
		panic(fmt.Sprintf("gate robust: %v", err))
	}
}

func (r *robust) Release(int) { r.lock.Unlock() }

func (r *robust) Close() error { return r.lock.Close() }

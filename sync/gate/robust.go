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
	Doc:    "futex that outlives its owner: the kernel frees it when the holder's thread ends, by the thread's list of robust locks; shows what protection from a leader's death costs",
	Kernel: "3.17",
	New:    newRobust,
}

// robust is a mutex like futexmutex, but the word holds the owner's thread ID,
// and each Acquire and Release tells the kernel what it may have to clean up.
// This costs a system call for each Acquire: C libraries find a thread's list
// through the thread pointer, but Go code has to ask the kernel.
//
// A pool's threads do not die alone, because an unrecovered panic ends the
// process. Other processes that map the same lock notice a leader's death; see
// futex.Robust. Inside one process, a thread ends alone only if its locked
// goroutine returns without Release. The next thread then leads. Nothing has to
// be repaired, because leadership guards no data that could be half written.
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

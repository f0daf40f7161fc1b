package futex

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Robust is a lock in memory that processes share, which outlives its owners:
// when the owner's thread ends without unlocking, by the death of its process
// or as the thread of a goroutine that returned while locked to it, the kernel
// says so in the word and wakes a thread that waits.
//
// The word is as for LockPI, but user space alone writes it while owners live:
//
//	0 [| Waiters]           -> tid [| Waiters]        Lock
//	tid                     -> tid | Waiters          Lock, by a thread that is about to wait
//	tid [| Waiters]         -> 0 [| Waiters]          Unlock; wakes one if the bit is set
//	tid [| Waiters]         -> OwnerDied [| Waiters]  the kernel, for a thread that ended; wakes one if the bit is set
//	OwnerDied [| Waiters]   -> tid [| Waiters]        Lock: recovered
//
// The kernel finds the locks of a thread that ends by the list that the thread
// has registered (set_robust_list). It has an entry for each lock that is held,
// the last one first, and a field for the lock that is just being taken or given up, so that there
// is no instruction at which a death would go unnoticed. (Before Linux 6.2 a
// few were: a lock whose woken or unlocking thread is killed there is free, but
// those who wait learn it from the next Unlock only.)
//
// Nothing is handed over: who is awake takes the lock before the woken one
// does. Therefore the bit stays, once it is set: if Lock or Unlock cleared it,
// a thread could overtake the woken one and own a word without it; if the woken
// one were killed then, nobody would know of the others that wait. A lock that
// was fought over once costs a needless wake-up for each Unlock after that.
type Robust struct {
	lock *robust
	mem  []byte

	// owner is the list of the thread that owns the lock, if that is one of
	// this process. Swapping it is also what orders two owners before the race
	// detector, which does not look at memory that is not Go's.
	owner atomic.Pointer[thread]
}

// NewRobust maps the lock that lies at the beginning of a file, which all
// processes concerned map: a file of memory (memfd_create), say. The
// descriptor may be closed after it. Where the file is zero, or shorter than
// the lock, nobody owns it.
func NewRobust(fd int) (*Robust, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, fmt.Errorf("look at file of robust lock: %w", err)
	}
	if stat.Size < int64(robustSize) {
		if err := unix.Ftruncate(fd, int64(robustSize)); err != nil {
			return nil, fmt.Errorf("make room in file of robust lock: %w", err)
		}
	}
	mem, err := unix.Mmap(fd, 0, int(robustSize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map file of robust lock: %w", err)
	}
	return &Robust{lock: robustIn(mem), mem: mem}, nil
}

// Word is the word of the lock, to look at.
func (r *Robust) Word() *atomic.Uint32 { return &r.lock.word }

// Lock takes the lock for the calling thread, and blocks until it can. The
// calling goroutine must be locked to its thread and stay so until Unlock.
// Recovered says that the owner before has died: what the lock guards may be
// half done. Signals do not end it.
//
// A thread may own several, and gives them up in the opposite order. An error
// says that it owns this one already, or which system call the kernel refuses;
// the lock is not taken then.
func (r *Robust) Lock() (recovered bool, err error) { return r.LockUnless(nil) }

// ErrEnded is returned by LockUnless when it has given up.
var ErrEnded = errors.New("futex: robust lock is not waited for any more")

// LockUnless is Lock, but gives up with ErrEnded when ended reports true before
// the thread would sleep, again after each signal that ends its sleep. A
// wake-up that the thread has had is not lost then: the bit is set, and the
// next Unlock wakes another one.
func (r *Robust) LockUnless(ended func() bool) (recovered bool, err error) {
	me, err := self()
	if err != nil {
		return false, err
	}
	me.begins(r.lock)
	defer me.ends()
	tid := me.tid.Load()
	for {
		word := r.lock.word.Load()
		switch {
		case word&TIDMask == 0:
			if r.lock.word.CompareAndSwap(word, tid|word&Waiters) {
				me.took(r.lock)
				r.owner.Swap(me)
				return word&OwnerDied != 0, nil
			}
		case word&TIDMask == tid:
			return false, fmt.Errorf("futex: lock robust lock: thread %d owns it already (unlock it first)", tid)
		case word&Waiters == 0 && !r.lock.word.CompareAndSwap(word, word|Waiters):
		case ended != nil && ended():
			return false, ErrEnded
		default:
			if err := WaitShared(&r.lock.word, word|Waiters); err != nil {
				return false, err
			}
		}
	}
}

// Unlock gives the lock up, which is the one that the calling thread has taken
// last of those that it owns, and wakes a thread that waits. It does not block.
func (r *Robust) Unlock() {
	me := r.owner.Load()
	if !me.last(r.lock) {
		panic("futex: unlock robust lock: the thread locked another one after it, and has that still")
	}
	r.owner.Swap(nil)
	me.begins(r.lock)
	me.gives(r.lock)
	if r.lock.word.And(Waiters)&Waiters != 0 {
		WakeShared(&r.lock.word, 1)
	}
	me.ends()
}

// Close unmaps the lock, which no thread of this process owns or waits for. To
// other processes it goes on.
func (r *Robust) Close() error {
	if err := unix.Munmap(r.mem); err != nil {
		return fmt.Errorf("unmap robust lock: %w", err)
	}
	return nil
}

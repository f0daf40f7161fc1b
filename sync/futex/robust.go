package futex

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Robust is a lock in memory that processes share. It outlives its owners: when
// the owner's thread ends without unlocking, the kernel marks the word and
// wakes a waiting thread. A thread ends when its process dies, or when the
// goroutine that is locked to it returns.
//
// The word has the parts that LockPI describes, but only user space writes it
// while owners live:
//
//	0 [| Waiters]           -> tid [| Waiters]        Lock
//	tid                     -> tid | Waiters          Lock, by a thread that is about to wait
//	tid [| Waiters]         -> 0 [| Waiters]          Unlock; wakes one if the bit is set
//	tid [| Waiters]         -> OwnerDied [| Waiters]  the kernel, after the owner ended; wakes one if the bit is set
//	OwnerDied [| Waiters]   -> tid [| Waiters]        Lock: recovered
//
// The kernel finds the locks of a thread that ends through the list that the
// thread has registered (set_robust_list). The list has an entry for each lock
// that the thread holds, the last one first. A further field names the lock
// that is just being taken or given up, so the kernel notices a death at any
// instruction. Before Linux 6.2 there were gaps: when a woken or unlocking
// thread was killed there, the lock was free, but waiting threads learned it
// only from the next Unlock.
//
// Unlock does not hand the lock over: a running thread can take it before the
// woken one does. Therefore Lock and Unlock never clear the bit Waiters.
// Otherwise a thread could overtake the woken one and own a word without the
// bit; if the woken thread were killed then, no thread would wake the others.
// So once threads have waited for a lock, each later Unlock costs a wake-up,
// needed or not.
type Robust struct {
	lock *robust
	mem  []byte

	// owner is the list of the thread that owns the lock, if that thread
	// belongs to this process. Swapping it also orders successive owners for
	// the race detector, which does not see memory that is not Go's.
	owner atomic.Pointer[thread]
}

// NewRobust maps the lock at the beginning of a file that all processes
// concerned map, for example a memory file (memfd_create). It extends a file
// that is shorter than the lock. A lock of zeros is free. The caller may close
// the descriptor afterwards.
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

// Word returns the lock's word, for reading.
func (r *Robust) Word() *atomic.Uint32 { return &r.lock.word }

// Lock takes the lock for the calling thread and blocks until it has it. The
// calling goroutine must be locked to its thread until Unlock. recovered means
// that the previous owner died while it held the lock, so the guarded data may
// be half changed. Signals do not end the wait.
//
// A thread may own several locks and must unlock them in the opposite order. An
// error says that the thread already owns this lock, or which system call the
// kernel refused. Then the lock is not taken.
func (r *Robust) Lock() (recovered bool, err error) { return r.LockUnless(nil) }

// ErrEnded is returned by LockUnless when it has given up.
var ErrEnded = errors.New("futex: robust lock given up")

// LockUnless is Lock, but returns ErrEnded once ended reports true. It calls
// ended before each sleep, so also after each signal that ends a sleep. A
// wake-up that the thread got before it gives up is not lost: the bit Waiters
// is set, so the next Unlock wakes another thread.
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

// Unlock gives up the lock and wakes a waiting thread. The calling thread must
// own it, and it must be the one that the thread took last; otherwise Unlock
// panics. It does not block.
func (r *Robust) Unlock() {
	me := r.owner.Load()
	if !me.last(r.lock) {
		panic("futex: unlock robust lock: the thread has locked another one since (unlock that first)")
	}
	r.owner.Swap(nil)
	me.begins(r.lock)
	me.gives(r.lock)
	if r.lock.word.And(Waiters)&Waiters != 0 {
		WakeShared(&r.lock.word, 1)
	}
	me.ends()
}

// Close unmaps the lock. No thread of this process may own it or wait for it.
// Other processes keep it.
func (r *Robust) Close() error {
	if err := unix.Munmap(r.mem); err != nil {
		return fmt.Errorf("unmap robust lock: %w", err)
	}
	return nil
}

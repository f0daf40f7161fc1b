package futex

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// robust is the layout of the lock in shared memory.
type robust struct {
	word atomic.Uint32
	_    uint32

	// next links the owner's list of locks. It is an address in the owner's
	// memory, and only the owner and the kernel read it.
	next atomic.Uintptr
}

const robustSize = unsafe.Sizeof(robust{})

func robustIn(mem []byte) *robust { return (*robust)(unsafe.Pointer(unsafe.SliceData(mem))) }

// entry is the address that represents the lock in a list.
func (r *robust) entry() uintptr { return uintptr(unsafe.Pointer(&r.next)) }

// thread is a thread's list of robust locks (the kernel's struct
// robust_list_head) and the thread's ID.
//
// A registered list must not move while its thread lives, and Go does not say
// when a thread ends. So the lists lie in memory that is never freed. A list is
// reused when the kernel no longer knows its thread.
type thread struct {
	head    atomic.Uintptr // the first entry; the address of head itself ends the list
	offset  int            // from an entry to the word of its lock
	pending atomic.Uintptr // the entry that is about to be inserted or has been removed

	tid atomic.Uint32 // 0 means that the list was never used
	_   [36]byte      // pads to a cache line
}

// headSize is the size of the part that the kernel reads.
const headSize = unsafe.Offsetof(thread{}.tid)

// maxThreads is the largest number of living threads that have used such locks.
// Go itself allows 10,000 threads.
const maxThreads = 1 << 14

var threads = sync.OnceValues(func() ([]thread, error) {
	// This reserves 1 MiB of addresses. The kernel allocates pages on first
	// use.
	mem, err := unix.Mmap(-1, 0, maxThreads*int(unsafe.Sizeof(thread{})),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map lists of robust locks: %w", err)
	}
	return unsafe.Slice((*thread)(unsafe.Pointer(unsafe.SliceData(mem))), maxThreads), nil
})

// self returns the calling thread's list. The first call registers it. The
// kernel stores the address for the thread, because Go has no thread-local
// memory.
//
// A list that is already registered but is not of this package belongs to the C
// library, in a program that is linked with it. self replaces it. Then robust
// mutexes that C code locks in this thread are not recovered.
func self() (*thread, error) {
	all, err := threads()
	if err != nil {
		return nil, err
	}
	var head, size uintptr
	if _, _, errno := unix.RawSyscall(unix.SYS_GET_ROBUST_LIST, 0,
		uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return nil, fmt.Errorf("get list of robust locks: %w", errno)
	}
	if place := (head - uintptr(unsafe.Pointer(&all[0]))) / unsafe.Sizeof(thread{}); place < maxThreads {
		return &all[place], nil
	}
	return register(all)
}

func register(all []thread) (*thread, error) {
	tid := uint32(unix.Gettid())
	for i := range all {
		t := &all[i]
		if old := t.tid.Load(); !ended(old, tid) || !t.tid.CompareAndSwap(old, tid) {
			continue
		}
		t.head.Store(t.end())
		t.offset = int(unsafe.Offsetof(robust{}.word)) - int(unsafe.Offsetof(robust{}.next))
		t.pending.Store(0)
		if _, _, errno := unix.RawSyscall(unix.SYS_SET_ROBUST_LIST, uintptr(unsafe.Pointer(t)), headSize, 0); errno != 0 {
			t.tid.Store(0)
			return nil, fmt.Errorf("set list of robust locks: %w", errno)
		}
		return t, nil
	}
	return nil, fmt.Errorf("set list of robust locks: %d threads have one already, which is the limit", maxThreads)
}

// ended reports whether a list is free, because its thread has ended or it was
// never used. The caller has no list yet, so one with the caller's ID is left
// from an ended thread with the same ID.
func ended(tid, caller uint32) bool {
	return tid == 0 || tid == caller || unix.Tgkill(unix.Getpid(), int(tid), 0) == unix.ESRCH
}

// The kernel reads the list after the thread has stopped running, so only the
// order of the stores matters.

func (t *thread) end() uintptr { return uintptr(unsafe.Pointer(&t.head)) }

func (t *thread) begins(r *robust) { t.pending.Store(r.entry()) }

func (t *thread) took(r *robust) {
	r.next.Store(t.head.Load())
	t.head.Store(r.entry())
}

// last reports whether r is the lock that the thread took last.
func (t *thread) last(r *robust) bool { return t.head.Load() == r.entry() }

func (t *thread) gives(r *robust) { t.head.Store(r.next.Load()) }

func (t *thread) ends() { t.pending.Store(0) }

package futex

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// robust is the lock as it lies in shared memory.
type robust struct {
	word atomic.Uint32
	_    uint32

	// next is the owner's list behind this lock. It is an address in the
	// owner's memory, and nobody else reads it.
	next atomic.Uintptr
}

const robustSize = unsafe.Sizeof(robust{})

func robustIn(mem []byte) *robust { return (*robust)(unsafe.Pointer(unsafe.SliceData(mem))) }

// entry is what stands for the lock in a list.
func (r *robust) entry() uintptr { return uintptr(unsafe.Pointer(&r.next)) }

// thread is the list of robust locks of a thread: what the kernel calls struct
// robust_list_head, and the thread it belongs to.
//
// A list that is registered must stay where it is for as long as its thread
// lives, and Go does not say when a thread ends. Threads therefore lie in
// memory of their own, which is never given back, and a list is used again when
// the kernel does not know its thread any more.
type thread struct {
	head    atomic.Uintptr // the first entry; the address of head itself ends the list
	offset  int            // from an entry to its word
	pending atomic.Uintptr // the entry that is about to be put in or has been taken out

	tid atomic.Uint32 // 0 means that the list was never used
	_   [36]byte      // a cache line for each
}

// headSize is how much of a thread is the kernel's.
const headSize = unsafe.Offsetof(thread{}.tid)

// maxThreads is how many threads can live at once that have used such locks.
// Go itself allows 10,000 threads.
const maxThreads = 1 << 14

var threads = sync.OnceValues(func() ([]thread, error) {
	// 1 MiB of addresses; the kernel gives memory to what is used.
	mem, err := unix.Mmap(-1, 0, maxThreads*int(unsafe.Sizeof(thread{})),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map lists of robust locks: %w", err)
	}
	return unsafe.Slice((*thread)(unsafe.Pointer(unsafe.SliceData(mem))), maxThreads), nil
})

// self returns the calling thread's list, which the first call registers. The
// kernel keeps it for the thread: Go has no memory of a thread's own.
//
// A list that is registered already and not of this package is the C
// library's, in a program that is linked with it. It is replaced: C code that
// locks robust mutexes of its own in this thread would not have them recovered.
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
	return nil, fmt.Errorf("set list of robust locks: %d threads have one, and that is the most", maxThreads)
}

// ended reports whether a list is free: its thread is no more, or never was.
// The caller has none, so if it is said to be the caller's, that is from
// another thread of the same number.
func ended(tid, caller uint32) bool {
	return tid == 0 || tid == caller || unix.Tgkill(unix.Getpid(), int(tid), 0) == unix.ESRCH
}

// The kernel looks at the list when the thread itself is not running any more:
// all that counts is the order of the stores.

func (t *thread) end() uintptr { return uintptr(unsafe.Pointer(&t.head)) }

func (t *thread) begins(r *robust) { t.pending.Store(r.entry()) }

func (t *thread) took(r *robust) {
	r.next.Store(t.head.Load())
	t.head.Store(r.entry())
}

// last reports whether that is the lock that the thread took last.
func (t *thread) last(r *robust) bool { return t.head.Load() == r.entry() }

func (t *thread) gives(r *robust) { t.head.Store(r.next.Load()) }

func (t *thread) ends() { t.pending.Store(0) }

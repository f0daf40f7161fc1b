package uring

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// These fail to compile if a layout differs from the kernel's.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(Entry{})-64]
	_ = [1]struct{}{}[unsafe.Sizeof(Completion{})-16]
	_ = [1]struct{}{}[unsafe.Sizeof(params{})-120]
)

func setup(entries uint32, p *params) (int, syscall.Errno) {
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(p)), 0)
	return int(fd), errno
}

// mapQueues maps the ring's memory. It fills the index array of the submission
// queue once: entry i is always at index i.
func (r *Ring) mapQueues(p *params) (err error) {
	size := max(int(p.submission.array+p.entries*4), int(p.completion.answers)+int(p.completions)*int(unsafe.Sizeof(Completion{})))
	if r.shared, err = unix.Mmap(r.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("map the queues of a ring: %w", err)
	}
	size = int(p.entries) * int(unsafe.Sizeof(Entry{}))
	if r.requests, err = unix.Mmap(r.fd, offEntries, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("map the entries of a ring: %w", err)
	}
	word := func(offset uint32) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&r.shared[offset])) }
	s, c := &p.submission, &p.completion
	r.submit = queue{head: word(s.head), tail: word(s.tail), mask: word(s.mask).Load()}
	r.complete = queue{head: word(c.head), tail: word(c.tail), mask: word(c.mask).Load()}
	r.overflow = word(s.flags)
	r.entries = unsafe.Slice((*Entry)(unsafe.Pointer(&r.requests[0])), p.entries)
	r.answers = unsafe.Slice((*Completion)(unsafe.Pointer(&r.shared[c.answers])), p.completions)
	for i := range p.entries {
		word(s.array + i*4).Store(i)
	}
	return nil
}

// argument is struct io_uring_getevents_arg.
type argument struct {
	signals     uint64
	signalsSize uint32
	_           uint32
	limit       *unix.Timespec
}

// enter blocks only if wait is not 0. The requests belong to the calling
// thread. A signal ends the wait, and so may a completion that the kernel runs
// on this thread for a request that it entered.
func enter(fd int, requests, wait uint32, limit *unix.Timespec) syscall.Errno {
	if wait == 0 {
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(requests), 0, enterGetEvents, 0, 0)
		return errno
	}
	if limit == nil {
		_, _, errno := block.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(requests), uintptr(wait), enterGetEvents, 0, 0)
		return errno
	}
	arg := argument{limit: limit}
	_, _, errno := block.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(requests), uintptr(wait),
		enterGetEvents|enterExtended, uintptr(unsafe.Pointer(&arg)), unsafe.Sizeof(arg))
	runtime.KeepAlive(&arg)
	return errno
}

// SetWord makes an OpFutexWait wait while word == val. The word must be on the
// heap or global. The caller must keep a reference until the request completes,
// because the garbage collector does not see the kernel's.
func (e *Entry) SetWord(word *atomic.Uint32, val uint32) {
	e.Addr, e.Off, e.Addr3 = uint64(uintptr(unsafe.Pointer(word))), uint64(val), FutexAnyBit
	e.FD = FutexPrivate32
}

// knownOps is struct io_uring_probe.
type knownOps struct {
	last, count uint8
	_           uint16
	_           [3]uint32
	ops         [256]struct {
		op    uint8
		_     uint8
		flags uint16
		_     uint32
	}
}

func (r *Ring) probe() (known [256]bool, err error) {
	const registerProbe, supported = 8, 1 // IORING_REGISTER_PROBE, IO_URING_OP_SUPPORTED
	p := new(knownOps)
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerProbe, uintptr(unsafe.Pointer(p)), uintptr(len(p.ops)), 0, 0)
	if errno != 0 {
		return known, fmt.Errorf("ask io_uring what it knows: %w", errno)
	}
	for i, op := range p.ops[:p.count] {
		known[i] = op.flags&supported != 0
	}
	return known, nil
}

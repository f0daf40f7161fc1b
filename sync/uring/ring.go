package uring

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrDeadline is returned by EnterFor when the limit has passed. It is ETIME.
const ErrDeadline = unix.ETIME

// Ring is a submission queue and a completion queue that are shared with the
// kernel. It has one user at a time; see the package comment.
type Ring struct {
	fd       int
	shared   []byte // both queues
	requests []byte // the entries
	entries  []Entry
	submit   queue
	complete queue
	answers  []Completion
	overflow *atomic.Uint32 // flags of the submission queue
}

// queue is one of the two rings of indices. Its ends are counters, which mask
// turns into indices. The kernel moves one end.
type queue struct {
	head, tail *atomic.Uint32
	mask       uint32
}

// params is struct io_uring_params, in which the kernel returns the offsets.
type params struct {
	entries, completions  uint32
	flags                 uint32
	threadCPU, threadIdle uint32
	features, workers     uint32
	_                     [3]uint32
	submission            submissionOffsets
	completion            completionOffsets
}

type submissionOffsets struct {
	head, tail, mask, entries, flags, dropped, array, _ uint32
	_                                                   uint64
}

type completionOffsets struct {
	head, tail, mask, entries, overflow, answers, flags, _ uint32
	_                                                      uint64
}

const (
	setupCompletions = 1 << 3 // IORING_SETUP_CQSIZE

	singleMap = 1 << 0 // IORING_FEAT_SINGLE_MMAP
	noDrop    = 1 << 1 // IORING_FEAT_NODROP
	extended  = 1 << 8 // IORING_FEAT_EXT_ARG
	features  = singleMap | noDrop | extended

	enterGetEvents = 1 << 0 // IORING_ENTER_GETEVENTS
	enterExtended  = 1 << 3 // IORING_ENTER_EXT_ARG

	offEntries = 0x10000000 // IORING_OFF_SQES

	overflown = 1 << 1 // IORING_SQ_CQ_OVERFLOW
)

// New sets up a ring. It has room for entries requests that are not yet
// entered, and for completions that are not yet consumed. Both must be powers
// of 2. If more requests complete, the kernel keeps their completions, and
// multishot requests end.
func New(entries, completions int) (*Ring, error) {
	for _, n := range []int{entries, completions} {
		if n < 1 || n > 4096 || n&(n-1) != 0 {
			return nil, fmt.Errorf("ring of %d entries and %d completions (want powers of 2, 1 to 4096)", entries, completions)
		}
	}
	p := params{flags: setupCompletions, completions: uint32(max(completions, entries))}
	fd, errno := setup(uint32(entries), &p)
	if errno != 0 {
		return nil, setupError(errno)
	}
	r := &Ring{fd: fd}
	if p.features&features != features {
		unix.Close(fd)
		return nil, fmt.Errorf("io_uring has features %#x, want %#x (Linux 5.11)", p.features, features)
	}
	if err := r.mapQueues(&p); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// setupError says why there is no ring and what to do about it.
func setupError(errno syscall.Errno) error {
	hint := ""
	switch errno {
	case unix.ENOSYS:
		hint = " (Linux 5.11 has it, if built in)"
	case unix.EPERM:
		hint = " (forbidden by sysctl kernel.io_uring_disabled, or by a seccomp filter)"
	case unix.ENOMEM:
		hint = " (short of memory, or of ulimit -l)"
	}
	return fmt.Errorf("io_uring_setup: %w%s", errno, hint)
}

// Next returns a free, cleared entry for a request that the next Enter makes.
// It panics if all entries are in use, because the caller knows how many it
// uses.
func (r *Ring) Next() *Entry {
	tail := r.submit.tail.Load()
	if tail-r.submit.head.Load() == uint32(len(r.entries)) {
		panic(fmt.Sprintf("uring: more than %d requests without Enter", len(r.entries)))
	}
	e := &r.entries[tail&r.submit.mask]
	*e = Entry{}
	// The kernel reads the entry only in Enter, which this thread calls.
	r.submit.tail.Store(tail + 1)
	return e
}

// Enter makes the prepared requests and blocks until there are wait
// completions, or until a signal. With 0 it does not wait. After nil there may
// be fewer completions than wait.
func (r *Ring) Enter(wait int) error { return r.enter(wait, nil) }

// EnterFor is Enter with a limit on the wait, after which it returns
// ErrDeadline. If it made requests it may return nil although the limit has
// passed, so the caller must check the clock.
func (r *Ring) EnterFor(wait int, limit *unix.Timespec) error { return r.enter(wait, limit) }

func (r *Ring) enter(wait int, limit *unix.Timespec) error {
	n := r.submit.tail.Load() - r.submit.head.Load()
	switch errno := enter(r.fd, n, uint32(wait), limit); errno {
	case 0, unix.EINTR, unix.EAGAIN, unix.EBUSY:
		// EAGAIN and EBUSY mean that memory is short, or that the kernel holds
		// completions for which there is no room. Consuming completions helps.
		return nil
	case ErrDeadline:
		return ErrDeadline
	default:
		return fmt.Errorf("io_uring_enter: %w", errno)
	}
}

// Completion consumes the oldest completion. It returns false if there is none.
// It makes a system call only if the kernel holds completions for which there
// was no room.
func (r *Ring) Completion() (Completion, bool) {
	head := r.complete.head.Load()
	if head == r.complete.tail.Load() {
		if r.overflow.Load()&overflown == 0 {
			return Completion{}, false
		}
		if err := r.Enter(0); err != nil || head == r.complete.tail.Load() {
			return Completion{}, false
		}
	}
	c := r.answers[head&r.complete.mask]
	r.complete.head.Store(head + 1)
	return c, true
}

// Close frees the ring. The kernel cancels its requests, but maybe only after
// Close returns. So if requests refer to memory or may open descriptors, cancel
// them (OpCancel) and wait for their completion first.
func (r *Ring) Close() error {
	var errs []error
	for _, m := range [][]byte{r.requests, r.shared} {
		if m != nil {
			errs = append(errs, unix.Munmap(m))
		}
	}
	r.requests, r.shared = nil, nil
	errs = append(errs, unix.Close(r.fd))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close ring %d: %w", r.fd, err)
	}
	return nil
}

// Available returns an error if there can be no ring here or io_uring does not
// know op, or nil. It asks the kernel once.
func Available(op Op) error {
	known, err := operations()
	switch {
	case err != nil:
		return err
	case !known[op]:
		return fmt.Errorf("io_uring of this kernel does not know operation %d", op)
	}
	return nil
}

var operations = sync.OnceValues(func() (known [256]bool, err error) {
	r, err := New(1, 1)
	if err != nil {
		return known, err
	}
	defer r.Close()
	return r.probe()
})

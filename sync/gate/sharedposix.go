package gate

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/sync/futex"
)

var sharedPOSIXKind = SharedKind{
	Name:   "posixsem",
	Doc:    "semaphore on a futex word in shared memory, as those of sem_open(3) are: two atomics when no thread waits, and only the parent notices a death",
	Kernel: "3.17",
	Order:  "none: a release wakes the thread that waits longest, but one that is awake overtakes it",
	Death:  "the parent, when it has waited for the process and calls Recover",

	New:  newSharedPOSIX,
	open: openSharedPOSIX,
}

// sharedPOSIX is a semaphore of value 0 or 1. The kernel does not know who has
// taken it, so the word must say so. Taking the semaphore and recording the
// taker are one access, so a process cannot die in between: where a POSIX
// semaphore has the value 0, this word has the process ID.
//
//	value              meaning
//	0                  the semaphore may be taken
//	process [| slept]  that process has taken it; with slept, others wait or may wait
//
//	0                 -> process            acquire, by a thread that has not waited
//	0                 -> process | slept    acquire, by a thread that has waited: others may wait, too
//	process           -> process | slept    acquire, before a thread sleeps
//	process [| slept] -> 0                  release, which wakes one if the bit is set
//	process [| slept] -> 0                  Recover, if that process has died; it wakes one in any case
//
// A process that holds nothing can still die and lose a wake-up: between giving
// and waking, or between being woken and taking or setting slept again. Then
// others sleep although the word does not say so. Recover therefore wakes one
// thread for every process that has died. That thread takes a free semaphore,
// or sets slept so that the holder will wake it.
type sharedPOSIX struct {
	word *atomic.Uint32
	mem  []byte
	me   uint32
}

// slept is above all process IDs, which are below 2^22.
const slept = 1 << 31

// sharedPOSIXSize is the size of the memory, one cache line.
const sharedPOSIXSize = 64

func newSharedPOSIX(SharedOptions) (*SharedOwner, error) {
	f, err := memoryToShare()
	if err != nil {
		return nil, err
	}
	s, err := mapSharedPOSIX(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &SharedOwner{
		passport: Passport{Kind: "posixsem", Files: 1}, files: []*os.File{f},
		recover: s.recover, close: s.Close,
	}
	if err := seal(f); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func mapSharedPOSIX(f *os.File) (*sharedPOSIX, error) {
	if err := f.Truncate(sharedPOSIXSize); err != nil {
		return nil, fmt.Errorf("make room for a semaphore: %w", err)
	}
	s, err := openPOSIX(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	if err := futex.WaitShared(s.word, slept); err != nil { // the value differs, so this returns at once
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openSharedPOSIX(_ Passport, fds []int) (lock, error) {
	s, err := openPOSIX(fds[0])
	if err != nil {
		return nil, err
	}
	return s, nil
}

func openPOSIX(fd int) (*sharedPOSIX, error) {
	mem, err := unix.Mmap(fd, 0, sharedPOSIXSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map a semaphore: %w", err)
	}
	return &sharedPOSIX{word: wordIn(mem), mem: mem, me: uint32(os.Getpid())}, nil
}

func (s *sharedPOSIX) acquire(ended func() bool) error {
	if s.word.CompareAndSwap(0, s.me) {
		return nil
	}
	for me := s.me; ; {
		switch word := s.word.Load(); {
		case word == 0:
			if s.word.CompareAndSwap(0, me) {
				return nil
			}
		case word&slept == 0 && !s.word.CompareAndSwap(word, word|slept):
		case interrupted(ended):
			// slept is set, so a wake-up that this thread got is not lost.
			return ErrInterrupted
		default:
			me = s.me | slept
			if err := futex.WaitShared(s.word, word|slept); err != nil {
				return err
			}
		}
	}
}

func (s *sharedPOSIX) release() {
	if s.word.Swap(0)&slept != 0 {
		futex.WakeShared(s.word, 1)
	}
}

// recover frees the semaphore if the dead process pid has taken it. Other
// processes may change the word meanwhile, but none can write pid into it.
func (s *sharedPOSIX) recover(pid int) {
	for word := s.word.Load(); word&^slept == uint32(pid); word = s.word.Load() {
		if s.word.CompareAndSwap(word, 0) {
			break
		}
	}
	futex.WakeShared(s.word, 1)
}

func (s *sharedPOSIX) Close() error {
	if err := unix.Munmap(s.mem); err != nil {
		return fmt.Errorf("unmap a semaphore: %w", err)
	}
	return nil
}

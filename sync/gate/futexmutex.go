package gate

import (
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var futexMutexKind = Kind{
	Name:   "futexmutex",
	Doc:    "mutex of three states on one futex word, two atomics when nobody waits; first come, first served in the kernel, but a thread that is awake overtakes: the returning thread leads again",
	Kernel: "2.6.22",
	New:    newFutexMutex,
}

// futexMutex is a mutex as in Drepper's "Futexes Are Tricky".
//
//	value    meaning
//	free     nobody holds the gate
//	held     a thread holds it, and nobody has said that it waits
//	awaited  a thread holds it, and others wait or may wait
//
//	free          -> held     Acquire, by a thread that has not waited
//	free, held    -> awaited  Acquire, before and after each sleep
//	held          -> free     Release
//	awaited       -> free     Release, which wakes one
//
// A thread that has slept takes the gate as awaited, for it cannot know whether
// it was the last; the last one thus makes one wake-up too many. The wake-up
// passes nothing on: until the woken thread runs, whoever comes takes the gate,
// and the woken one sleeps again, last in the queue.
type futexMutex struct {
	_    [cas.CacheLine]byte
	word atomic.Uint32
	_    [cas.CacheLine - 4]byte
}

const (
	free uint32 = iota
	held
	awaited
)

func newFutexMutex(int) (Gate, error) {
	m := new(futexMutex)
	if err := futex.Wait(&m.word, held); err != nil { // differs: returns at once
		return nil, err
	}
	return m, nil
}

func (m *futexMutex) Acquire(int) {
	if err := m.acquire(nil); err != nil {
		panic(fmt.Sprintf("gate futexmutex: %v", err))
	}
}

// acquire gives up when ended says so before the thread would sleep. A wake-up
// that it has had is not lost: the word is awaited.
func (m *futexMutex) acquire(ended func() bool) error {
	if m.word.CompareAndSwap(free, held) {
		return nil
	}
	for m.word.Swap(awaited) != free {
		if interrupted(ended) {
			return ErrInterrupted
		}
		if err := futex.Wait(&m.word, awaited); err != nil {
			return err
		}
	}
	return nil
}

func (m *futexMutex) Release(int) {
	if m.word.Swap(free) == awaited {
		futex.Wake(&m.word, 1)
	}
}

func (m *futexMutex) Close() error { return nil }

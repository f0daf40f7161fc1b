package gate

import (
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var futexMutexKind = Kind{
	Name:   "futexmutex",
	Doc:    "mutex of three states on one futex word, two atomics when no thread waits; first come, first served in the kernel, but a thread that is awake overtakes: the returning thread leads again",
	Kernel: "2.6.22",
	New:    newFutexMutex,
}

// futexMutex is the mutex of Drepper's "Futexes Are Tricky".
//
//	value    meaning
//	free     no thread holds the gate
//	held     a thread holds it, and no other has said that it waits
//	awaited  a thread holds it, and others wait or may wait
//
//	free          -> held     Acquire, by a thread that has not waited
//	free, held    -> awaited  Acquire, before and after each sleep
//	held          -> free     Release
//	awaited       -> free     Release, which wakes one
//
// A thread that has slept sets the word to awaited, because it cannot know
// whether others still wait. So the last thread's Release makes one needless
// wake-up. Release does not hand the gate over: until the woken thread runs,
// any other thread may take the gate, and the woken one then sleeps again, last
// in the queue.
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
	if err := futex.Wait(&m.word, held); err != nil { // the value differs, so this returns at once
		return nil, err
	}
	return m, nil
}

func (m *futexMutex) Acquire(int) {
	if err := m.acquire(nil); err != nil {
		panic(fmt.Sprintf("gate futexmutex: %v", err))
	}
}

// acquire returns ErrInterrupted if ended reports true before a sleep. A
// wake-up that the thread got before that is not lost, because the word is
// awaited.
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

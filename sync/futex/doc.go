// Package futex is futex(2) as the rest of the laboratory uses it: a thread
// blocks for as long as a 32-bit word holds a value, and another one wakes it.
//
// The words are private to the process, which spares the kernel the look-up
// of the page behind them; those of WaitShared and its like are not. The
// package knows nothing of what a word means, but for the two locks that the
// kernel itself knows: the one with priority inheritance (LockPI), and the one
// that outlives its owners (Robust).
//
// How a call enters the kernel is part of the contract. Wait and WaitUntil go
// through the Go scheduler's system call path, so that a blocked thread holds
// no P: garbage collection and goroutines go on without it, and it is not
// signalled. Wake does not: it never blocks, and the scheduler would only add
// to the path that is being measured. A waker therefore keeps its P, and the
// thread it wakes needs another one, see package lf/thread.
//
// The pattern of use is a loop over a predicate. A return from a wait says
// nothing about why:
//
//	for word.Load() == value {
//		if err := futex.Wait(&word, value); err != nil {
//			return err
//		}
//	}
//
// Prefer package park, which has this loop inside, unless the word itself
// carries the state of a protocol. Prefer sync.Mutex and channels wherever
// goroutines are not locked to their threads: there they are faster.
package futex

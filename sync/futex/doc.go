// Package futex is futex(2) as the rest of the laboratory uses it: a thread
// blocks for as long as a 32-bit word holds a value, and another one wakes it.
//
// The words are private to the process, which spares the kernel the look-up of
// the page. The words of WaitShared and WakeShared are not. The package gives a
// word no meaning, except for the two locks that the kernel itself knows: the
// one with priority inheritance (LockPI), and the one that outlives its owners
// (Robust).
//
// How a call enters the kernel is part of the contract. Wait and WaitUntil
// enter through package block, so a blocked thread holds no P: garbage
// collection and other goroutines go on, and the thread gets no signals from
// the scheduler. Wake makes a raw system call, because it never blocks and the
// scheduler would add to the path that is measured. So a waker keeps its P, and
// the thread that it wakes needs another one; see package lf/thread.
//
// Use it in a loop over a predicate. A return from a wait does not say why the
// wait ended:
//
//	for word.Load() == value {
//		if err := futex.Wait(&word, value); err != nil {
//			return err
//		}
//	}
//
// Prefer package park, which contains this loop, unless the word itself carries
// the state of a protocol. Prefer sync.Mutex and channels where goroutines are
// not locked to their threads: they are faster there.
package futex

// Package gate is leadership as a lock: the thread that holds the gate leads,
// and letting go of it is the promotion.
//
// Which of the waiting threads comes next is left to what the gate is made of;
// that is the pattern's third way to choose, beside the last and the first in
// a list of followers. The kinds differ in what a thread spins on or sleeps on
// (a word, a queue of words, a futex in one of its forms, a semaphore, a file
// lock, a byte in a pipe) and in nothing else; each is one file and one line in
// the registry, and each passes the same conformance test.
//
// Where several processes accept from the same sockets, they take turns by a
// gate that they share (Shared): it is made by the parent, opened by children,
// and survives the death of any of them. Those kinds have a registry of their
// own. The package knows nothing of events and sockets.
package gate

// Gate is held by one thread at a time. Threads are numbered from 0, and each
// number is used by one thread at a time; a thread that holds the gate does
// not ask for it again.
type Gate interface {
	// Acquire blocks until thread id holds the gate. What the holder before
	// wrote ahead of its Release is visible after it.
	Acquire(id int)

	// Release lets go of the gate, which thread id holds, and wakes a waiting
	// thread if that has to be. It does not block.
	Release(id int)

	// Close gives back what the gate holds of the system. Nobody may hold it
	// or wait for it.
	Close() error
}

// A Kind is one thing to make a gate of, known by its name.
type Kind struct {
	Name   string
	Doc    string // one line: what it is made of, and what it is there to show
	Kernel string // the oldest Linux it works on, as "2.6"

	// New makes a gate for threads 0 to threads-1. Where the system refuses
	// what it is made of, the error says which call did.
	New func(threads int) (Gate, error)
}

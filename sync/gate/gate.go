// Package gate makes leadership a lock. The thread that holds the gate leads,
// and releasing it is the promotion.
//
// The gate itself decides which waiting thread comes next. This is the
// pattern's third way to choose, beside the last and the first in a list of
// followers. The kinds differ only in what a thread spins or sleeps on: a word,
// a queue of words, a form of futex, a semaphore, a file lock, or a byte in a
// pipe. Each kind is one file and one line in the registry. All kinds pass the
// same conformance test.
//
// Processes that accept from the same sockets take turns by a gate that they
// share (Shared). The parent makes it, children open it, and it survives the
// death of any child. Shared kinds have their own registry. The package knows
// nothing about events and sockets.
package gate

// Gate is held by one thread at a time. Threads are numbered from 0. No two
// threads use the same number at once. A thread that holds the gate must not
// acquire it again.
type Gate interface {
	// Acquire blocks until thread id holds the gate. It sees what the previous
	// holder wrote before its Release.
	Acquire(id int)

	// Release gives up the gate, which thread id must hold, and wakes a waiting
	// thread if necessary. It does not block.
	Release(id int)

	// Close frees the gate's system resources. No thread may hold the gate or
	// wait for it.
	Close() error
}

// A Kind is one way to build a gate.
type Kind struct {
	Name   string
	Doc    string // one line: what it is made of, and what it shows
	Kernel string // the oldest Linux it works on, as "2.6"
	Files  int    // descriptors for each thread

	// New makes a gate for threads 0 to threads-1. If the system refuses a call
	// that the gate needs, the error names that call.
	New func(threads int) (Gate, error)
}

// Package cas holds the lock-free words and containers that the other packages
// use: the leadership word of the Leader/Followers pattern with its follower
// records, the sentinel that watches over leaders, the permit that a parked
// thread sleeps on, the stack of idle workers, and a bounded ring.
//
// Nothing here blocks or makes a system call. Where a protocol needs the caller
// to sleep or to wake a thread, the operation says so in its result.
//
// Every operation of a protocol is a step machine: a plain struct with a
// program counter, whose Step method makes exactly one atomic access. The code
// that serves requests runs a machine to its end in a loop. The exhaustive
// checker in package lf copies the same machines and steps them in every order.
// So the checker checks the code that runs, not a second description of it.
//
// All accesses are sequentially consistent, because those of sync/atomic are.
package cas

// CacheLine is the distance in bytes that keeps words of different threads on
// different cache lines. It is two lines of 64 bytes because the adjacent-line
// prefetcher of current x86 processors fetches lines in pairs.
const CacheLine = 128

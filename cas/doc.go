// Package cas holds the lock-free words and containers that the other rooms
// stand on: the leadership word of the Leader/Followers pattern with its
// follower records and the sentinel that watches over leaders, the permit a
// parked thread sleeps on, the stack of idle workers, and a bounded ring.
//
// Nothing here blocks and nothing here makes a system call. Where a protocol
// needs the caller to sleep or to wake somebody, an operation says so in its
// result and the caller does it.
//
// Every operation that takes part in a protocol is a small machine: a plain
// struct with a program counter whose Step method makes exactly one atomic
// access. The code that serves requests runs a machine to its end in a loop;
// the exhaustive checker in package lf copies the same machines, and steps
// them in every order. There is no second description of the protocol.
//
// All accesses are sequentially consistent, as sync/atomic's are.
package cas

// CacheLine is the distance, in bytes, that keeps two words written by
// different threads from disturbing each other: two lines of 64 bytes, for the
// adjacent-line prefetcher of current x86 processors fetches lines in pairs.
const CacheLine = 128

package mpm

import (
	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// Config holds the parameters of an architecture.
type Config struct {
	// Listeners are where connections come from: 1 to sock.MostListeners, with
	// ReusePort also that many for each thread. Drain shuts them down, except
	// those that other processes also have (see sock.Adopt), which it leaves.
	Listeners []*sock.Listener
	Service   serve.Service

	// Threads is the total number of threads, including a listener thread.
	Threads int

	// Parker is the primitive that threads sleep on. A pool can have Gate
	// instead: then the leadership is a lock of that kind.
	Parker park.Kind
	Park   park.Options
	Gate   *gate.Kind

	// Policy says how events reach threads. New fills in defaults.
	lf.Policy

	// CPU, if set, returns the one CPU of thread.CPUs() that thread id runs on.
	// Otherwise the kernel's scheduler places threads and moves them.
	CPU func(id int) int

	// Row, if set, returns thread id's row of a scoreboard that others also
	// read. If it is not set or returns nil, the thread gets a row of its own.
	Row func(id int) *serve.Row

	// AcceptGate, if set, is held by a thread of a Gated architecture while it
	// waits for a connection and accepts it. So among processes with the same
	// listeners, one thread at a time does that.
	AcceptGate AcceptGate
	// Exclusive makes architectures that wait for connections in an epoll set
	// ask the kernel to wake only one of several sets (EPOLLEXCLUSIVE).
	Exclusive bool

	// AsyncFactor limits the open connections of a Capped architecture to one
	// for each worker, and this many more for each idle worker. At the limit it
	// accepts no more. 0 means no limit.
	AsyncFactor float64
	// Sheds makes a Capped architecture close a kept connection, unanswered, if
	// its client sends another request while all workers are busy. The client
	// can then ask another process. With one process nobody gains.
	Sheds bool

	// MostConnections is the number of connections after which no more are
	// accepted; 0 means no limit. It is exact if one thread at a time accepts.
	// Spent, if set, is called once then, by any thread; it must not block.
	MostConnections uint64
	Spent           func()

	// Left, if set, is called by any thread when the server no longer waits on
	// listeners that other processes have; it must not block. The kernel may
	// have told only this process of a connection, so the others should Look.
	Left func()

	// Short, if set, is called once, by any thread; it must not block. The
	// cause is that all attempts to accept have failed for a second because
	// descriptors or memory ran out (the server goes on trying), or that the
	// accept gate failed (the thread stops accepting).
	Short func(error)

	// Recorder records the hand-offs; nil records nothing.
	Recorder *flight.Recorder
}

// pool returns the options of a pool with that name.
func (c Config) pool(name string) lf.Options {
	return lf.Options{Name: name, Threads: c.Threads, Parker: c.Parker, Park: c.Park, Gate: c.Gate, Policy: c.Policy}
}

// row returns thread id's row of the scoreboard, or a new one.
func (c Config) row(id int) *serve.Row {
	if c.Row != nil {
		if r := c.Row(id); r != nil {
			return r
		}
	}
	return new(serve.Row)
}

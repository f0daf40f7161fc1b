package mpm

import (
	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// Config is what an architecture is made from.
type Config struct {
	// Listeners are what connections are accepted from, at least one, and at
	// most sock.MostListeners. Those that other processes have, too (see
	// sock.Adopt), are left by a Drain, and shut down otherwise.
	Listeners []*sock.Listener
	Service   serve.Service

	// Threads is the number of threads in all, a listener thread included.
	Threads int

	// Parker is what threads sleep on. With a pool, Gate may be set in its
	// place: then the leadership is a lock, made of that.
	Parker park.Kind
	Park   park.Options
	Gate   *gate.Kind

	// Policy is how events come to threads. New fills in what it leaves out.
	lf.Policy

	// CPU is the one CPU that thread id runs on, of thread.CPUs(). Where it is
	// not set, the kernel's scheduler places threads, and moves them.
	CPU func(id int) int

	// Row is thread id's row of a scoreboard that others read, too; where it is
	// not set, or has none for that thread, the row is the architecture's own.
	Row func(id int) *serve.Row

	// AcceptGate, if set, is held around waiting for a connection and taking it,
	// by architectures that are Gated: of several processes with the same
	// listeners, one has a thread there.
	AcceptGate AcceptGate
	// Exclusive has architectures that wait for connections in an epoll set
	// ask to be the only one of several sets that is woken (EPOLLEXCLUSIVE).
	Exclusive bool

	// AsyncFactor bounds how many connections may be open in an architecture
	// whose Kind is Capped: one for each worker, and this many more for each
	// worker that is idle. At the bound no more are accepted. 0 is no bound.
	AsyncFactor float64
	// Sheds has such an architecture close a kept connection whose client asks
	// again while all workers are busy, unanswered, for it to go to another
	// process. It is for one of several processes; alone that helps nobody.
	Sheds bool

	// MostConnections is after how many connections no more are accepted; 0
	// means never. Spent, if set, is called once then, by any thread; it must
	// not block. It is exact where one thread at a time accepts.
	MostConnections uint64
	Spent           func()

	// Left, if set, is called once it waits no more on listeners that other
	// processes have, by any thread; it must not block. The kernel may have told
	// it of a connection that it has left to them: they should Look.
	Left func()

	// Short, if set, is called once when all attempts to accept have failed
	// for a second, for want of descriptors or memory or because the accept
	// gate is broken, by any thread; it must not block. The architecture goes
	// on trying.
	Short func(error)

	// Recorder records the hand-offs; nil records nothing.
	Recorder *flight.Recorder
}

// pool is what a pool of that name is made from.
func (c Config) pool(name string) lf.Options {
	return lf.Options{Name: name, Threads: c.Threads, Parker: c.Parker, Park: c.Park, Gate: c.Gate, Policy: c.Policy}
}

// row is thread id's row of the scoreboard.
func (c Config) row(id int) *serve.Row {
	if c.Row != nil {
		if r := c.Row(id); r != nil {
			return r
		}
	}
	return new(serve.Row)
}

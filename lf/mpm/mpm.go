// Package mpm is the architectures a server can have, after Apache's term
// Multi-Processing Module: who waits for connections, who serves them, and how
// one hands over to the other.
//
// Each architecture is one file and one line in the registry. All of them
// accept through the same listener, serve through the same sessions and close
// the same way; they differ in the hand-off only. The package knows no
// protocol: a serve.Service makes the sessions.
package mpm

import (
	"fmt"
	"math"
	"strings"

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

// primitive is the name of what the threads of a pool sleep on.
func (c Config) primitive() string {
	if c.Gate != nil {
		return c.Gate.Name
	}
	return c.Parker.Name
}

// MPM is a running architecture.
type MPM interface {
	// Start starts the threads.
	Start() error

	// Drain stops listening, ends idle connections, and lets requests in
	// flight finish. It returns at once; called again, it does nothing.
	Drain()

	// Cut is Drain, and ends all connections: whoever reads finds the end,
	// whoever writes an error. It returns at once. A handler that computes or
	// sleeps is not interrupted.
	Cut()

	// Look has it look for connections that wait, after the death of another
	// process that may have been told of one; see sock.Looker. Any thread may
	// call it.
	Look()

	// Wait blocks until all threads have left after a Drain.
	Wait()

	// Status is what the server tells of itself. Any thread may call it.
	Status() serve.Status
}

// Kind is an architecture, known by its name.
type Kind struct {
	Name string
	Doc  string
	// MinThreads is the least number of threads it works with; MaxThreads the
	// greatest, 0 where there is none.
	MinThreads, MaxThreads int
	// Parks tells whether it uses the parker that Config names.
	Parks bool
	// Pool tells whether its threads are a Leader/Followers pool: whether
	// Gate and the options of the Policy that are lf.OfPool mean anything to it.
	Pool bool
	// Divides tells whether it can have several handle sets.
	Divides bool
	// ListenerSeat tells that thread 0 is a listener: it serves no connection,
	// and Apache's scoreboard has no row for it.
	ListenerSeat bool
	// Async tells that connections may wait without a thread.
	Async bool
	// Unbounded tells that it starts what it needs for each connection: no
	// number of threads bounds it, and none of them is idle.
	Unbounded bool
	// AllAccept tells that all its threads wait for connections at once: each of
	// those in accept(2) takes a descriptor before it waits.
	AllAccept bool
	// Gated tells whether AcceptGate means anything to it.
	Gated bool
	// Capped tells whether AsyncFactor and Sheds mean anything to it.
	Capped bool
	// ReusePort tells that it listens more than once on the same address: the
	// listener must have been opened with the option of that name.
	ReusePort bool
	// Choices are what can be chosen of it by name.
	Choices []Choice
	// Promotes, where it is set, is the promotion where Config names none.
	Promotes func(Config) lf.Promotion
	// Refuses, where it is set, tells what else does not go with it. It and New
	// get a Policy in which nothing that the architecture has is left out.
	Refuses func(Config) error
	// Shape is whose hand-off its flight records describe.
	Shape flight.Shape
	New   func(Config) (MPM, error)
}

// Default is the name of the architecture that is meant where none is named.
const Default = "leader"

// mostFactor is the greatest AsyncFactor: what is beyond is no bound.
const mostFactor = 1_000_000

// Kinds are the known architectures.
func Kinds() []Kind {
	return []Kind{leaderKind, reactorKind, workerKind, eventKind, preforkKind, kernelKind, percoreKind, goroutineKind}
}

// Lookup finds an architecture by name.
func Lookup(name string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	if why, ok := elsewhere[name]; ok {
		return Kind{}, fmt.Errorf("mpm %s %s", name, why)
	}
	return Kind{}, fmt.Errorf("unknown mpm %q (known: %s)", name, strings.Join(names, ", "))
}

// New makes the architecture of that name. What means nothing to it is refused,
// so that nobody compares what does not differ.
func New(name string, cfg Config) (MPM, error) {
	k, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if err := k.Check(cfg); err != nil {
		return nil, err
	}
	if len(cfg.Listeners) == 0 {
		return nil, fmt.Errorf("mpm %s has no listener to accept from", name)
	}
	if cfg.Service == nil {
		return nil, fmt.Errorf("mpm %s has no service to make sessions of", name)
	}
	if cfg.Gate == nil {
		if cfg.Parker, err = cfg.Parker.OrDefault(); err != nil {
			return nil, err
		}
	}
	cfg.Policy = k.Policy(cfg)
	cfg.Parker.Unlocked = cfg.Parker.Unlocked && k.Parks // where nobody parks, it asks for nothing
	return k.New(cfg)
}

// Policy is that of cfg, with a value for all that it leaves out and the
// architecture has.
func (k Kind) Policy(cfg Config) lf.Policy {
	if k.Promotes != nil && cfg.Promotion == 0 {
		cfg.Promotion = k.Promotes(cfg)
	}
	if k.Pool {
		opt, _ := cfg.pool(k.Name).WithDefaults() // Check tells what does not go together
		cfg.Policy = opt.Policy
	}
	if k.Divides {
		cfg.Sets = max(cfg.Sets, 1)
	}
	for _, c := range k.Choices {
		c.settle(&cfg.Policy)
	}
	return cfg.Policy
}

// Check tells what of cfg the architecture cannot be made from: its own
// parameters only, not what it is made of.
func (k Kind) Check(cfg Config) error {
	if cfg.Threads < k.MinThreads {
		return fmt.Errorf("%d threads are too few for mpm %s (want at least %d)", cfg.Threads, k.Name, k.MinThreads)
	}
	if k.MaxThreads > 0 && cfg.Threads > k.MaxThreads {
		return fmt.Errorf("%d threads are too many for mpm %s (want at most %d)", cfg.Threads, k.Name, k.MaxThreads)
	}
	n := len(cfg.Listeners)
	if k.ReusePort && n%cfg.Threads == 0 && n > cfg.Threads {
		n /= cfg.Threads // each thread has its own
	}
	if n > sock.MostListeners {
		return fmt.Errorf("%d listeners are too many (want at most %d)", n, sock.MostListeners)
	}
	if err := k.refuses(&cfg); err != nil {
		return err
	}
	cfg.Policy = k.Policy(cfg)
	if k.Pool {
		if err := cfg.pool(k.Name).Check(); err != nil {
			return err
		}
	}
	if cfg.AsyncFactor < 0 || cfg.AsyncFactor > mostFactor || math.IsNaN(cfg.AsyncFactor) {
		return fmt.Errorf("asynchronous factor %v (want 0 to %d; 0 is no bound)", cfg.AsyncFactor, mostFactor)
	}
	if cfg.CPU != nil && (k.Unbounded || k.Parks && cfg.Parker.Unlocked) {
		return fmt.Errorf("mpm %s on primitive %s has goroutines, which move between threads and cannot be pinned to CPUs", k.Name, cfg.Parker.Name)
	}
	if k.Refuses != nil {
		if err := k.Refuses(cfg); err != nil {
			return err
		}
	}
	return nil
}

// refuses tells which option of the policy means nothing to the architecture,
// or has a value that it does not know.
func (k Kind) refuses(cfg *Config) error {
	if !k.Pool && cfg.Gate != nil {
		return fmt.Errorf("mpm %s has no pool of followers, and no gate", k.Name)
	}
	if !k.Divides && cfg.Sets > 1 {
		return fmt.Errorf("mpm %s has one handle set (sets %d)", k.Name, cfg.Sets)
	}
	for _, o := range lf.PolicyOptions() {
		switch {
		case !o.Given(&cfg.Policy):
		case o.Of == lf.OfPool && !k.Pool:
			return fmt.Errorf("mpm %s has no pool of followers, and no %s", k.Name, o.Name)
		case o.Of == lf.OfPart:
			if err := k.knows(o.Name, o.Text(&cfg.Policy)); err != nil {
				return err
			}
		}
	}
	return nil
}

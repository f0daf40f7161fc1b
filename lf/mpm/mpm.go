// Package mpm provides the architectures that a server can have, called
// Multi-Processing Modules as in Apache. An architecture determines who waits
// for connections, who serves them, and how one thread hands over to the other.
//
// A new architecture is one file, NAME.go, and one line in Kinds: a Kind that
// describes it, and a constructor that fills in a server. All architectures
// accept from the same listeners, use the same sessions and close in the same
// way. They differ only in the hand-off. All use server.go, drain.go, accept.go
// and status.go. Those whose connections wait without a thread use
// connection.go, and handle.go and table.go if their threads share these
// connections. If an architecture has several files, their names begin with its
// own. The package knows no protocol: a serve.Service makes the sessions.
package mpm

import (
	"fmt"
	"math"
	"strings"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
)

// MPM is a running architecture.
type MPM interface {
	// Start starts the threads.
	Start() error

	// Drain stops listening, ends idle connections, and lets requests in flight
	// finish. It returns at once. Further calls do nothing.
	Drain()

	// Cut drains and ends all connections: reads return the end of file, writes
	// fail. It returns at once. It does not interrupt a handler that computes
	// or sleeps.
	Cut()

	// Look makes the server look for waiting connections, because another
	// process has died that may have been told of one; see sock.Looker. Any
	// thread may call it.
	Look()

	// Wait blocks until all threads have left after a Drain.
	Wait()

	// Status returns counters and the threads' states. Any thread may call it.
	Status() serve.Status
}

// Kind describes an architecture.
type Kind struct {
	Name string
	Doc  string
	// MinThreads is the least number of threads, MaxThreads the largest; 0
	// means no maximum.
	MinThreads, MaxThreads int
	Parks                  bool // it uses Config.Parker
	// Pool says that its threads are a Leader/Followers pool, so that Gate and
	// the options of the Policy that are lf.OfPool apply.
	Pool    bool
	Divides bool // it can have several handle sets
	// ListenerSeat says that thread 0 is a listener: it serves no connection,
	// and Apache's scoreboard has no row for it.
	ListenerSeat bool
	Async        bool // connections can wait without a thread
	// Unbounded says that it starts what it needs for each connection: no
	// number of threads limits it, and none of them is idle.
	Unbounded bool
	// AllAccept says that all its threads wait for connections at once. Each
	// thread in accept(2) takes a descriptor before it waits.
	AllAccept bool
	Gated     bool // it uses AcceptGate
	Capped    bool // it uses AsyncFactor and Sheds
	// ReusePort says that it listens more than once on an address. The
	// listeners must have been opened with sock.Options.ReusePort.
	ReusePort bool
	Choices   []Choice // its parts that can be chosen by name
	// Promotes, if set, returns the promotion to use if Config has none.
	Promotes func(Config) lf.Promotion
	// Refuses, if set, returns an error if the Config does not suit it. Refuses
	// and New get a Policy with all defaults of the architecture filled in.
	Refuses func(Config) error
	// Shape says what a hand-off passes in its flight records.
	Shape flight.Shape
	// New makes it from a server with its configuration and its seats. After an
	// error, the caller closes the server and all that it owns.
	New func(*server) (MPM, error)
}

// Default is the name of the architecture to use if none is given.
const Default = "leader"

// mostFactor is the largest AsyncFactor. A larger one would be no limit.
const mostFactor = 1_000_000

// Kinds returns the known architectures.
func Kinds() []Kind {
	return []Kind{leaderKind, reactorKind, workerKind, eventKind, preforkKind, kernelKind, percoreKind, goroutineKind}
}

// Lookup finds an architecture by name. Its error lists the known names.
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

// New makes the architecture of that name. It refuses options that have no
// effect on it, so that nobody compares runs that do not differ.
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
	cfg.Parker.Unlocked = cfg.Parker.Unlocked && k.Parks // ignored if no thread parks
	s := newServer(k, cfg)
	m, err := k.New(s)
	if err != nil {
		_ = s.close() // err tells more
		return nil, err
	}
	return m, nil
}

// Policy returns the policy of cfg, with defaults for the options that the
// architecture has.
func (k Kind) Policy(cfg Config) lf.Policy {
	if k.Promotes != nil && cfg.Promotion == 0 {
		cfg.Promotion = k.Promotes(cfg)
	}
	if k.Pool {
		opt, _ := cfg.pool(k.Name).WithDefaults() // Check returns the error
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

// Check returns an error if the architecture does not work with the parameters
// in cfg. It needs neither listeners nor a service.
func (k Kind) Check(cfg Config) error {
	if cfg.Threads < k.MinThreads {
		return fmt.Errorf("%d threads are too few for mpm %s (want at least %d)", cfg.Threads, k.Name, k.MinThreads)
	}
	if k.MaxThreads > 0 && cfg.Threads > k.MaxThreads {
		return fmt.Errorf("%d threads are too many for mpm %s (want at most %d)", cfg.Threads, k.Name, k.MaxThreads)
	}
	n := len(cfg.Listeners)
	if k.ReusePort && n%cfg.Threads == 0 && n > cfg.Threads {
		n /= cfg.Threads // each thread has a listener on each address
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
		return k.Refuses(cfg)
	}
	return nil
}

// refuses returns an error for an option of the policy that has no effect on
// the architecture, or for a value that it does not know.
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

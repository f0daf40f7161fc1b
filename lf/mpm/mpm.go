// Package mpm is the architectures a server can have, after Apache's term
// Multi-Processing Module: who waits for connections, who serves them, and how
// one hands over to the other.
//
// A new architecture is one file, NAME.go, and one line in Kinds: a Kind that
// describes it, and a constructor that fills in a server. All accept through the
// same listeners, serve through the same sessions and close the same way; they
// differ in the hand-off only. Of the files, server.go, drain.go, accept.go and
// status.go are for all of them; connection.go is for those whose connections
// wait without a thread, and handle.go and table.go for those whose threads
// share these. An architecture that fills several files begins their names with
// its own. The package knows no protocol: a serve.Service makes the sessions.
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
	Parks                  bool // it uses the parker that Config names
	// Pool tells whether its threads are a Leader/Followers pool: whether
	// Gate and the options of the Policy that are lf.OfPool mean anything to it.
	Pool    bool
	Divides bool // it can have several handle sets
	// ListenerSeat tells that thread 0 is a listener: it serves no connection,
	// and Apache's scoreboard has no row for it.
	ListenerSeat bool
	Async        bool // connections may wait without a thread
	// Unbounded tells that it starts what it needs for each connection: no
	// number of threads bounds it, and none of them is idle.
	Unbounded bool
	// AllAccept tells that all its threads wait for connections at once: each of
	// those in accept(2) takes a descriptor before it waits.
	AllAccept bool
	Gated     bool // AcceptGate means something to it
	Capped    bool // AsyncFactor and Sheds mean something to it
	// ReusePort tells that it listens more than once on the same address: the
	// listener must have been opened with the option of that name.
	ReusePort bool
	Choices   []Choice // what can be chosen of it by name
	// Promotes, where it is set, is the promotion where Config names none.
	Promotes func(Config) lf.Promotion
	// Refuses, where it is set, tells what else does not go with it. It and New
	// get a Policy in which nothing that the architecture has is left out.
	Refuses func(Config) error
	// Shape is whose hand-off its flight records describe.
	Shape flight.Shape
	// New makes it from a server that has its configuration and its seats. On an
	// error, the server is closed with all that it owns.
	New func(*server) (MPM, error)
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
	s := newServer(k, cfg)
	m, err := k.New(s)
	if err != nil {
		_ = s.close() // the first error tells more
		return nil, err
	}
	return m, nil
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
		return k.Refuses(cfg)
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

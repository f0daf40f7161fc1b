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
	"strings"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/park"
)

// Config is what an architecture is made from.
type Config struct {
	Listener *sock.Listener
	Service  serve.Service

	// Threads is the number of threads in all, a listener thread included.
	Threads int

	Parker    park.Kind
	Park      park.Options
	Order     string // of followers, where there are any
	Promotion string

	// Recorder records the hand-offs; nil records nothing.
	Recorder *flight.Recorder
}

// MPM is a running architecture.
type MPM interface {
	// Start starts the threads.
	Start() error

	// Drain stops listening, ends idle connections, and lets requests in
	// flight finish. It returns at once and may be called once.
	Drain()

	// Wait blocks until all threads have left after a Drain.
	Wait()

	// Status is what the server tells of itself. Any thread may call it.
	Status() serve.Status
}

// Kind is an architecture, known by its name.
type Kind struct {
	Name string
	Doc  string
	// MinThreads is the least number of threads it works with.
	MinThreads int
	// Parks tells whether it uses the parker that Config names.
	Parks bool
	// Shape is whose hand-off its flight records describe.
	Shape flight.Shape
	New   func(Config) (MPM, error)
}

// Kinds are the known architectures.
func Kinds() []Kind {
	return []Kind{
		{"leader", "the leader accepts, promotes a follower, serves that connection to its end", 1, true, flight.Leadership, newLeader},
		{"worker", "a listener thread reserves an idle worker, accepts, queues; workers serve whole connections", 2, true, flight.Items, newWorker},
		{"event", "a listener thread holds listener, idle and slow connections in epoll; workers serve ready ones", 2, true, flight.Items, newEvent},
		{"kernel", "every thread blocks in accept4: the kernel's own wake-one queue, the baseline", 1, false, flight.NoHandoff, newKernel},
		{"goroutine", "the standard net listener, one goroutine per connection", 1, false, flight.NoHandoff, newGoroutine},
	}
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
	return Kind{}, fmt.Errorf("unknown mpm %q (known: %s)", name, strings.Join(names, ", "))
}

// New makes the architecture of that name.
func New(name string, cfg Config) (MPM, error) {
	k, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if cfg.Threads < k.MinThreads {
		return nil, fmt.Errorf("%d threads are too few for mpm %s (want at least %d)", cfg.Threads, name, k.MinThreads)
	}
	return k.New(cfg)
}

// Package control runs servers as processes.
//
// A Server serves alone in one process. It combines listeners, protocol and
// architecture, prints where it listens, and ends on a signal. SIGTERM, SIGINT
// and SIGHUP drain it: it stops listening at once, closes idle connections, and
// finishes requests in flight within the grace period. SIGTERM or SIGINT during
// the drain ends the process at once.
//
// A Parent is a control process like Apache's. It serves nothing itself and
// starts child processes, each with a Server on shared listeners. It keeps
// their number within bounds, replaces children that died, and restarts the
// server without losing a request.
//
// The package deals with processes, signals and descriptors. Package directive
// reads configurations, and packages mpm and httpd serve connections.
package control

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/control/manager"
	"lflab/lf/flight"
	"lflab/lf/httpd"
	"lflab/lf/mpm"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/lf/thread"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// Config describes a server.
type Config struct {
	MPM        string
	Listen     []string // host:port each
	Backlog    int
	SendBuffer int    // SO_SNDBUF of connections, bytes; 0 leaves it to the system
	Threads    int    // all threads of a process
	Primitive  string // a parker or a gate
	Spin       time.Duration

	lf.Policy // an empty or zero field means the architecture's default

	// PinThreads binds each thread to one CPU, the CPUs in turn. A child's
	// first thread follows the last one of the slot before it.
	PinThreads bool

	// AsyncFactor bounds the open connections where connections wait without a
	// thread: one for each thread, and AsyncFactor more for each idle thread. 0
	// is no limit.
	AsyncFactor float64

	Sheds bool // see mpm.Config

	// Exclusive makes the kernel wake one of the processes that wait for the
	// same listeners, each in its own epoll set (EPOLLEXCLUSIVE).
	Exclusive bool

	DeferAccept bool
	Grace       time.Duration // time to drain; the parent gives children theirs
	HTTP        httpd.Config

	// Lab adds the flight recorder, which /lab/flight switches on and off, and
	// snapshots of the counters, which /lab/counters tells how to get.
	Lab bool

	// Out gets a line "listening on ADDRESS" for each listener, once the server
	// accepts connections.
	Out io.Writer `json:"-"`
}

// socket returns the options for opening a listener on the address.
func (c *Config) socket(address string) sock.Options {
	opt := sock.Options{Address: address, Backlog: c.Backlog, SendBuffer: c.SendBuffer}
	if c.DeferAccept {
		opt.DeferAccept = sock.DefaultDefer
	}
	return opt
}

// parts holds what assemble needs beside the configuration. A child builds it
// from what it inherits from its parent.
type parts struct {
	listeners []*sock.Listener
	gate      mpm.AcceptGate
	before    int // threads in the slots before this process's
	row       func(id int) *serve.Row
	status    func() serve.Status // of all processes; nil reports this one
	most      uint64              // connections to accept; 0 is no limit
	spent     func()              // see mpm.Config, as left and short
	left      func()
	short     func(error)
}

// Run returns these errors, beside those of Start.
var (
	ErrGrace  = errors.New("grace period passed, connections were cut")
	ErrAtOnce = errors.New("ended at once by a second signal")
)

// Server accepts and serves connections in this process.
type Server struct {
	cfg       Config
	kind      mpm.Kind
	service   *httpd.Server
	listeners []*sock.Listener
	recorder  *flight.Recorder
	mpm       mpm.MPM
	running   atomic.Pointer[mpm.MPM]
	reserve   *reserve
	snapshots *snapshots // nil without Lab

	switching sync.Mutex // held while the recorder is switched on or off
}

// New checks the configuration and opens the listeners, except those that a
// service manager has passed (sd_listen_fds(3)). It accepts no connections yet.
// On an error it leaves no listener open.
func New(cfg Config) (*Server, error) {
	kind, err := mpm.Lookup(cfg.MPM)
	if err != nil {
		return nil, err
	}
	listeners, err := listenAlone(&cfg, kind)
	if err != nil {
		return nil, err
	}
	return assemble(cfg, parts{listeners: listeners})
}

// assemble builds a server. It takes over the listeners, and closes them on an
// error.
func assemble(cfg Config, p parts) (s *Server, err error) {
	s = &Server{cfg: cfg, listeners: p.listeners}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.reserve, err = takeEarly(); err != nil {
		return s, err
	}
	if cfg.HTTP.DocRoot != "" {
		s.reserve.open()
	}
	if s.kind, err = mpm.Lookup(cfg.MPM); err != nil {
		return s, err
	}
	parker, locked, err := Primitive(cfg.Primitive, cfg.Order)
	if err != nil {
		return s, err
	}
	web := cfg.HTTP
	if web.Status = p.status; web.Status == nil {
		web.Status = s.status
	}
	if cfg.Lab {
		s.recorder = flight.New(flight.DefaultKeep)
		web.Flight = s.flight
		if s.snapshots, err = listenForSnapshots(); err != nil {
			return s, err
		}
		web.Snapshots = s.snapshots.name
	}
	if s.service, err = httpd.New(web); err != nil {
		return s, err
	}
	if s.snapshots != nil {
		s.snapshots.serve(s.service)
	}
	var cpu func(int) int
	if cfg.PinThreads {
		cpu = inTurn(p.before)
	}
	s.mpm, err = mpm.New(cfg.MPM, mpm.Config{
		Listeners: s.listeners, Service: s.service, Threads: cfg.Threads,
		Parker: parker, Park: park.Options{Spin: cfg.Spin}, Gate: locked,
		Policy: cfg.Policy, CPU: cpu, Recorder: s.recorder,
		AcceptGate: p.gate, Row: p.row, AsyncFactor: cfg.AsyncFactor, Sheds: cfg.Sheds, Exclusive: cfg.Exclusive,
		MostConnections: p.most, Spent: p.spent, Left: p.left, Short: p.short,
	})
	return s, err
}

// inTurn returns a function that assigns CPUs to threads in turn. The first
// before assignments belong to threads of other processes.
func inTurn(before int) func(id int) int {
	cpus := thread.CPUs()
	return func(id int) int { return cpus[(before+id)%len(cpus)] }
}

// Primitive returns the parker or the gate of that name. If there is one of
// each, order native selects the gate. Beside a gate it returns the default
// parker, which some architectures need, too.
func Primitive(name string, order lf.Order) (park.Kind, *gate.Kind, error) {
	g, noGate := gate.Lookup(name)
	k, noParker := park.Lookup(name)
	switch {
	case noParker == nil && (noGate != nil || order != lf.Native):
		return k, nil, nil
	case noGate == nil:
		return park.Kinds()[0], &g, nil
	}
	var known []string
	for _, k := range park.Kinds() {
		known = append(known, k.Name)
	}
	for _, k := range gate.Kinds() {
		known = append(known, k.Name)
	}
	return park.Kind{}, nil, fmt.Errorf("unknown primitive %q (known: %s)", name, strings.Join(known, ", "))
}

// Addr returns the address of the first listener, host:port.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Start starts the architecture, which then accepts connections.
func (s *Server) Start() error {
	if err := s.mpm.Start(); err != nil {
		return fmt.Errorf("start mpm %s: %w", s.cfg.MPM, err)
	}
	s.running.Store(&s.mpm)
	return nil
}

// Drain stops accepting and blocks until all connections have ended. After the
// grace period it cuts those that are left and returns ErrGrace.
func (s *Server) Drain() error {
	s.reserve.open()
	s.mpm.Drain()
	done := make(chan struct{})
	go func() {
		s.mpm.Wait()
		close(done)
	}()
	select {
	case <-done:
		return s.close()
	case <-time.After(s.cfg.Grace):
		s.mpm.Cut()
		return fmt.Errorf("%w (grace %v)", ErrGrace, s.cfg.Grace)
	}
}

func (s *Server) close() error {
	err := errors.Join(closeAll(s.listeners), s.snapshots.close())
	s.snapshots = nil
	if s.reserve != nil {
		s.reserve.once.Do(s.reserve.close)
	}
	if s.service != nil {
		err = errors.Join(err, s.service.Close())
	}
	return err
}

func closeAll(listeners []*sock.Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// Run starts the server and blocks until a signal has ended it.
func (s *Server) Run() error {
	signals := make(chan os.Signal, 2) // the second one already ends the process
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	defer signal.Stop(signals)
	// SIGHUP means that the terminal is gone. Kernel and shell may both send
	// it; only the first one counts.
	hangup := make(chan os.Signal, 1)
	if !signal.Ignored(unix.SIGHUP) { // nohup ignores it
		signal.Notify(hangup, unix.SIGHUP)
		defer signal.Stop(hangup)
	}
	// The reader of the log may go away (SIGPIPE). Users may mistake this for a
	// control process, which restarts (SIGUSR1) or stops (SIGUSR2) gracefully.
	signal.Ignore(unix.SIGPIPE, unix.SIGUSR1, unix.SIGUSR2)
	defer adoptOrphans()()
	if err := s.Start(); err != nil {
		return err
	}
	for _, l := range s.listeners {
		if _, err := fmt.Fprintf(s.cfg.Out, "listening on %s\n", l.Addr()); err != nil {
			slog.Warn("cannot say where the server listens", "error", err)
		}
	}
	manager.NotifyReady()
	var why os.Signal
	select {
	case why = <-signals:
	case why = <-hangup:
	}
	manager.NotifyStopping()
	slog.Info("draining", "signal", why, "grace", s.cfg.Grace)
	drained := make(chan error, 1)
	go func() { drained <- s.Drain() }()
	select {
	case err := <-drained:
		return err
	case <-signals:
		return ErrAtOnce
	}
}

func (s *Server) status() serve.Status {
	m := s.running.Load()
	if m == nil {
		return serve.Status{MPM: s.cfg.MPM}
	}
	return (*m).Status()
}

// Package control runs servers as processes.
//
// A Server is one process that serves alone: it puts listeners, protocol and
// architecture together, tells where it listens, and ends as signals ask.
// SIGTERM, SIGINT and SIGHUP drain: listening stops at once, idle connections are
// closed, requests in flight finish within the grace period. A second signal
// ends the process at once.
//
// A Parent is Apache's control process: children serve, each a process with a
// Server of its own on listeners that all share, and the parent keeps their
// number right, replaces the dead, and restarts without losing a request.
//
// The package knows processes, signals and descriptors. It does not know how a
// configuration is written (package directive), nor what is done with a
// connection.
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
	Threads    int    // of a process, in all
	Primitive  string // a parker or a gate
	Spin       time.Duration

	lf.Policy // what is empty or 0 is the architecture's default

	// PinThreads has each thread run on one CPU alone: the first on the first,
	// and so round and round. Children count their threads on.
	PinThreads bool

	// AsyncFactor is how many connections beyond its threads an idle thread is
	// good for, where connections wait without one; 0 is no limit.
	AsyncFactor float64

	Sheds bool // see mpm.Config

	// Exclusive has the kernel wake one process of those that wait for the same
	// listeners in epoll sets of their own (EPOLLEXCLUSIVE).
	Exclusive bool

	DeferAccept bool
	Grace       time.Duration // for a drain; children get theirs from the parent
	HTTP        httpd.Config

	// Lab adds the flight recorder and its switch, /lab/flight.
	Lab bool

	// Out gets a line "listening on ADDRESS" for each, once connections are
	// taken.
	Out io.Writer `json:"-"`
}

// socket is what a listener on that address is opened with.
func (c *Config) socket(address string) sock.Options {
	opt := sock.Options{Address: address, Backlog: c.Backlog, SendBuffer: c.SendBuffer}
	if c.DeferAccept {
		opt.DeferAccept = sock.DefaultDefer
	}
	return opt
}

// parts are what a server is assembled from beside its configuration. A child
// has them from its parent.
type parts struct {
	listeners []*sock.Listener
	gate      mpm.AcceptGate
	before    int // threads of the processes before this one
	row       func(id int) *serve.Row
	status    func() serve.Status // of all processes
	most      uint64              // connections
	spent     func()
	left      func()
	short     func(error)
}

// Errors of Run beyond those of starting.
var (
	ErrGrace  = errors.New("grace period passed, connections were cut")
	ErrAtOnce = errors.New("ended at once by a second signal")
)

// Server is a server that has been put together.
type Server struct {
	cfg       Config
	kind      mpm.Kind
	service   *httpd.Server
	listeners []*sock.Listener
	recorder  *flight.Recorder
	mpm       mpm.MPM
	running   atomic.Pointer[mpm.MPM]
	reserve   *reserve

	switching sync.Mutex // the recorder, on and off
}

// New checks the configuration and opens the listeners. Nothing is accepted
// yet.
func New(cfg Config) (*Server, error) {
	kind, err := mpm.Lookup(cfg.MPM)
	if err != nil {
		return nil, err
	}
	var p parts
	for _, address := range cfg.Listen {
		opt := cfg.socket(address)
		opt.ReusePort = kind.ReusePort
		l, err := sock.Listen(opt)
		if err != nil {
			return nil, errors.Join(err, closeAll(p.listeners))
		}
		p.listeners = append(p.listeners, l)
	}
	return assemble(cfg, p)
}

// assemble puts a server together. It owns the listeners, also with an error.
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
	}
	if s.service, err = httpd.New(web); err != nil {
		return s, err
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

// inTurn deals CPUs to threads, of which so many are counted before.
func inTurn(before int) func(id int) int {
	cpus := thread.CPUs()
	return func(id int) int { return cpus[(before+id)%len(cpus)] }
}

// Primitive finds a parker or a gate by name. Where one of each has that name,
// order native asks for the gate. With a gate, the parker is the default one,
// for an architecture that needs one besides.
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

// Addr is the first address that is listened on, host:port.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Start lets the architecture accept connections.
func (s *Server) Start() error {
	if err := s.mpm.Start(); err != nil {
		return fmt.Errorf("start mpm %s: %w", s.cfg.MPM, err)
	}
	s.running.Store(&s.mpm)
	return nil
}

// Drain ends the server in order. It returns when all connections are done, or
// ErrGrace when the grace period was not enough.
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
	err := closeAll(s.listeners)
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

// Run starts the server and blocks until signals end it.
func (s *Server) Run() error {
	signals := make(chan os.Signal, 2) // more than two mean no more than two
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	defer signal.Stop(signals)
	// The terminal has gone. Kernel and shell may both say so: only the first
	// one counts.
	hangup := make(chan os.Signal, 1)
	if !signal.Ignored(unix.SIGHUP) { // as nohup has it
		signal.Notify(hangup, unix.SIGHUP)
		defer signal.Stop(hangup)
	}
	// Whoever reads the log may go away, and users take this for a control
	// process, which restarts or stops gracefully by these.
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

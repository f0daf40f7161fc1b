// Package control runs a server as a process: it puts listener, protocol and
// architecture together, tells where it listens, and ends it as signals ask.
//
// SIGTERM and SIGINT drain: listening stops at once, idle connections are
// closed, requests in flight finish within the grace period. A second signal
// ends the process at once.
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

	"lflab/lf/flight"
	"lflab/lf/httpd"
	"lflab/lf/mpm"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// Config describes a server.
type Config struct {
	MPM       string
	Listen    string // host:port
	Backlog   int
	Threads   int
	Primitive string // a parker or a gate
	Spin      time.Duration

	// See mpm.Config; what is empty or 0 is the architecture's default.
	Order     string
	Promotion string
	Leaders   int
	Hold      time.Duration
	Sets      int
	Chosen    map[string]string

	DeferAccept bool
	Grace       time.Duration
	HTTP        httpd.Config

	// Lab adds the flight recorder and its switch, /lab/flight.
	Lab bool

	// Out gets one line, "listening on ADDRESS", once connections are taken.
	Out io.Writer
}

// Errors of Run beyond those of starting.
var (
	ErrGrace  = errors.New("grace period passed, connections were cut")
	ErrAtOnce = errors.New("ended at once by a second signal")
)

// Server is a server that has been put together.
type Server struct {
	cfg      Config
	kind     mpm.Kind
	service  *httpd.Server
	listener *sock.Listener
	recorder *flight.Recorder
	mpm      mpm.MPM
	running  atomic.Pointer[mpm.MPM]

	switching sync.Mutex // the recorder, on and off
}

// New checks the configuration and opens the listener. Nothing is accepted yet.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg}
	var err error
	if s.kind, err = mpm.Lookup(cfg.MPM); err != nil {
		return nil, err
	}
	parker, locked, err := Primitive(cfg.Primitive, cfg.Order)
	if err != nil {
		return nil, err
	}
	web := cfg.HTTP
	web.Status = s.status
	if cfg.Lab {
		s.recorder = flight.New(flight.DefaultKeep)
		web.Flight = s.flight
	}
	if s.service, err = httpd.New(web); err != nil {
		return nil, err
	}
	opt := sock.Options{Address: cfg.Listen, Backlog: cfg.Backlog, ReusePort: s.kind.ReusePort}
	if cfg.DeferAccept {
		opt.DeferAccept = sock.DefaultDefer
	}
	if s.listener, err = sock.Listen(opt); err != nil {
		return nil, errors.Join(err, s.service.Close())
	}
	s.mpm, err = mpm.New(cfg.MPM, mpm.Config{
		Listener: s.listener, Service: s.service, Threads: cfg.Threads,
		Parker: parker, Park: park.Options{Spin: cfg.Spin}, Gate: locked,
		Order: cfg.Order, Promotion: cfg.Promotion, Leaders: cfg.Leaders, Hold: cfg.Hold,
		Sets: cfg.Sets, Chosen: cfg.Chosen, Recorder: s.recorder,
	})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// Primitive finds a parker or a gate by name. Where one of each has that name,
// order native asks for the gate. With a gate, the parker is the default one,
// for an architecture that needs one besides.
func Primitive(name, order string) (park.Kind, *gate.Kind, error) {
	g, noGate := gate.Lookup(name)
	k, noParker := park.Lookup(name)
	switch {
	case noParker == nil && (noGate != nil || order != "native"):
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

// Addr is the address that is listened on, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

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
		return fmt.Errorf("%w (grace %v)", ErrGrace, s.cfg.Grace)
	}
}

func (s *Server) close() error { return errors.Join(s.listener.Close(), s.service.Close()) }

// Run starts the server and blocks until signals end it.
func (s *Server) Run() error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT)
	defer signal.Stop(signals)
	if err := s.Start(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.cfg.Out, "listening on %s\n", s.Addr()); err != nil {
		return fmt.Errorf("say where the server listens: %w", err)
	}
	slog.Info("draining", "signal", <-signals, "grace", s.cfg.Grace)
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

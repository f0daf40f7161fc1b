package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/report"
	"lflab/experiments/words"
)

// DefaultAddress is where a server listens if nothing else is asked for.
const DefaultAddress = "127.0.0.1:8642"

// restFor is how many times as long as a rendering took the next one waits, so
// that rendering takes 2 % of a run's time at most.
const restFor = 50

// patience is how long Close waits for browsers to fetch the last page.
const patience = 3 * time.Second

// Server serves the page of one run after the other. Its methods may be called
// by one goroutine at a time.
type Server struct {
	listener net.Listener
	name     string // host that was asked for, "" if it was an address
	http     http.Server
	failed   chan error // of Serve

	mu       sync.Mutex
	dir      string
	page     []byte // nil before the first trial
	version  int    // of page
	ended    bool   // page is the report
	clients  map[chan string]bool
	fetched  chan struct{} // one value for each time that the report was fetched
	rendered time.Time
	took     time.Duration
}

// Listen opens a server at an address like "127.0.0.1:8642", ":8642" (loopback,
// too) or "127.0.0.1:0" (a free port). An error says what to do.
func Listen(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("serve the live page at %q: %w (an address is HOST:PORT, as in %s)", address, err, DefaultAddress)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("serve the live page at %s: the port is taken (name another one, or 127.0.0.1:0 for a free one)", net.JoinHostPort(host, port))
	}
	if err != nil {
		return nil, fmt.Errorf("serve the live page: %w (an address is HOST:PORT, as in %s)", err, DefaultAddress)
	}
	s := &Server{listener: l, failed: make(chan error, 1), clients: map[chan string]bool{}, fetched: make(chan struct{}, mostClients)}
	if net.ParseIP(host) == nil {
		s.name = host
	}
	s.http = http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() {
		s.failed <- s.http.Serve(l)
		close(s.failed)
	}()
	return s, nil
}

// URL returns the page's address.
func (s *Server) URL() string {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// Follow begins to show the run in a results directory, which may not exist
// yet.
func (s *Server) Follow(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dir, s.page, s.ended, s.took = dir, nil, false, 0
	s.tell("replaced")
}

// Progress says how far a run has come.
type Progress struct {
	Done, Total int
	Left        time.Duration // estimated
	Waiting     string        // what the run waits for before its first trial; "" if it does not
	Trial       *record.Trial // the last one; nil before the first
}

// Show renders the page anew from the trials in the results directory. It does
// nothing if the last rendering is too recent for what it took, except after
// the last trial. A directory that cannot be read leaves the page as it is.
func (s *Server) Show(p Progress) {
	s.mu.Lock()
	dir, next := s.dir, s.version+1
	early := time.Since(s.rendered) < restFor*s.took && p.Done < p.Total
	s.mu.Unlock()
	if early {
		return
	}
	began := time.Now()
	r, err := record.OpenRecords(dir)
	if err != nil {
		return // no trial was run yet
	}
	page, err := report.RunningPage(r, p.running(r.Manifest.Axes, next))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page, s.rendered, s.took = page, time.Now(), time.Since(began)
	s.tell("changed")
}

// running writes the progress for the page.
func (p Progress) running(axes []record.Axis, version int) report.Running {
	r := report.Running{
		Title: fmt.Sprintf("%d of %d trials", p.Done, p.Total), Left: "about " + roughly(p.Left) + " left",
		Last: p.Waiting, Events: fmt.Sprintf("/events?seen=%d", version),
	}
	if t := p.Trial; t != nil {
		r.Last = "Last: " + record.Label(axes, t.Cell)
		var gates []string
		for _, g := range t.Gates {
			if !g.OK {
				gates = append(gates, strings.TrimSpace(g.Name+" "+g.Phase))
			}
		}
		switch {
		case t.Failed:
			r.Last += ", failed: " + t.Failure
		case len(gates) > 0:
			r.Last += ", does not count: " + words.List(gates)
		default:
			r.Last += ", passed every gate"
		}
	}
	return r
}

// roughly writes a time in whole seconds, or from 5 min in whole minutes.
func roughly(d time.Duration) string {
	if d >= 5*time.Minute {
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// Ended shows report.html of the results directory from now on. The page stays
// as it is if there is none.
func (s *Server) Ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, err := os.ReadFile(filepath.Join(s.dir, "report.html"))
	if err != nil {
		return
	}
	s.page, s.ended = page, true
	s.tell("replaced")
}

// Close ends the server. If the report is shown, it first gives the browsers
// that follow the run up to three seconds to fetch it; otherwise it tells them
// that the run has stopped. It returns the error
// that ended the server before, if one did. Further calls do nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	n := len(s.clients)
	if !s.ended {
		n = 0
	}
	s.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	for ; n > 0; n-- {
		select {
		case <-s.fetched:
		case <-late.C:
			n = 1
		}
	}
	s.mu.Lock()
	if !s.ended {
		s.tell("stopped")
	}
	for c := range s.clients {
		close(c) // what is in it is sent first
	}
	s.clients = nil
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	if err, first := <-s.failed; first && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the live page: %w", err)
	}
	return nil
}

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
)

const (
	rounds      = 2000 // round trips of the ping-pong
	connections = 200  // connections to the server, with two requests each
)

// session is a target and the probe that follows it.
type session struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	port  string
	probe *probe.Probe
}

func begin() (*session, error) {
	s := &session{cmd: exec.Command("/proc/self/exe", "target")}
	s.cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.out.ReadString('\n')
	if err == nil {
		s.port = strings.TrimSpace(line)
		err = s.settle()
	}
	if err == nil {
		s.probe, err = probe.Open(probe.Options{PIDs: []int{s.cmd.Process.Pid}, Requests: true, Calls: true})
	}
	if err == nil {
		err = s.probe.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// settle waits until every thread of the target sleeps. Threads that the Go
// runtime has started and no longer needs go to sleep by themselves.
func (s *session) settle() error {
	stats := fmt.Sprintf("/proc/%d/task/*/stat", s.cmd.Process.Pid)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(stats)
		if err != nil {
			return err
		}
		asleep := len(files) > 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			asleep = asleep && err == nil && strings.Contains(string(text), ") S ")
		}
		if asleep {
			return nil
		}
	}
	return errors.New("the threads of the target were not all asleep within a minute")
}

func (s *session) end() error {
	err := s.probe.Close()
	s.in.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	return err
}

// finish stops the probe, prints what it saw, and returns its report.
func (s *session) finish(what string) (*stage.Report, error) {
	if err := s.probe.Stop(); err != nil {
		return nil, err
	}
	result, err := s.probe.Result(stage.Unknown)
	if err != nil {
		return nil, err
	}
	r := result.Report()
	c := r.Counts
	fmt.Printf("%s: wake calls %d, issued %d, elided %d, raced %d, other %d; hand-offs bare %d, item %d, lead %d\n", what,
		c["wake_calls"], c["wakes_issued"], c["wakes_elided"], c["wakes_raced"], c["wakes_other"], c["handoffs_bare"], c["handoffs_item"], c["handoffs_lead"])
	fmt.Printf("%s: connections %d, requests %d, passed %d, queued %d; D of %d, H of %d; lost %d records, %d runs missed, %d states dropped\n", what,
		c["connections"], c["requests"], c["requests_passed"], c["requests_queued"], number(r.D), number(r.H), r.Lost.Records, r.Lost.Missed, r.Lost.Dropped)
	return r, nil
}

func number(d *stats.Dist) int64 {
	if d == nil {
		return 0
	}
	return d.Count
}

// expect returns an error that names what should hold, unless it holds.
func expect(what string, holds bool) error {
	if holds {
		return nil
	}
	return errors.New("not as expected: " + what)
}

// whole returns an error if something was lost. Before Linux 6.2 the kernel's
// lookup of a thread's state fails if it interrupts another such lookup, so a
// few states may be dropped.
func whole(r *stage.Report) error {
	return expect("nothing is lost", r.Lost.Records+r.Lost.Missed == 0 && r.Lost.Dropped < 10)
}

// pingPong checks the counts of a ping-pong between two threads.
func pingPong() (err error) {
	s, err := begin()
	if err != nil {
		return fmt.Errorf("ping-pong: %w", err)
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if _, err := s.in.Write([]byte{1}); err != nil {
		return err
	}
	if _, err := s.out.ReadByte(); err != nil {
		return err
	}
	r, err := s.finish(fmt.Sprintf("ping-pong of %d rounds", rounds))
	if err != nil {
		return err
	}
	c := r.Counts
	counted := c["wakes_elided"] + c["wakes_raced"] + c["wakes_issued"]
	return errors.Join(
		expect("two wake calls in each round", c["wake_calls"] == 2*rounds),
		// A sleeper that notices the word itself needs no wake-up.
		expect("almost every wake call found no sleeper, found one about to sleep, or woke one", counted <= 2*rounds && 2*rounds-counted <= rounds/10),
		// The last two threads that were woken have not slept again.
		expect("each call that woke a thread is a hand-off", c["handoffs_bare"] <= c["wakes_issued"] && c["handoffs_bare"]+2 >= c["wakes_issued"]),
		expect("there are hand-offs", c["handoffs_bare"] > 0),
		whole(r),
	)
}

// serve checks the counts of a server.
func serve() (err error) {
	s, err := begin()
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	defer func() { err = errors.Join(err, s.end()) }()
	for range connections {
		if err := visit(s.port); err != nil {
			return err
		}
	}
	r, err := s.finish(fmt.Sprintf("server of %d connections with 2 requests", connections))
	if err != nil {
		return err
	}
	// Without sk_data_ready the readiness of later requests is unknown.
	requests := uint64(2 * connections)
	for _, m := range r.Missing {
		if strings.Contains(m, "sk_data_ready") {
			requests = connections
		}
	}
	c := r.Counts
	return errors.Join(
		expect("every connection is counted", c["connections"] == connections),
		expect(fmt.Sprintf("%d requests are counted", requests), c["requests"] == requests),
		expect("each has its dispatch latency", uint64(number(r.D)) == requests),
		expect("every connection has moved to the other thread", c["requests_passed"]+c["requests_queued"] >= connections),
		expect("the records of requests are as many", uint64(len(s.probe.Records().Requests)) == requests),
		whole(r),
	)
}

// visit makes a connection with two requests.
func visit(port string) error {
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	defer c.Close()
	var one [1]byte
	for range 2 {
		if _, err := c.Write(one[:]); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, one[:]); err != nil {
			return err
		}
	}
	// Wait for the server's end of the connection, so that the server has
	// finished all work for it.
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if _, err := c.Read(one[:]); err != io.EOF {
		return fmt.Errorf("the server did not close the connection: %w", err)
	}
	return nil
}

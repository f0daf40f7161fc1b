package sock

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

const shortServerEnv = "SOCK_TEST_SHORT_SERVER"

type shortReport struct {
	Address  string
	Short    uint64
	Rounds   uint64 // returns from Accept
	Lines    uint64 // in the log
	Age      int64  // ns
	NoWait   string // what Accept of a listener that does not wait returns
	Accepted uint64
}

// shortServer is the child: two threads that accept, with descriptors for a few
// connections. Each connection gets a byte and stays open until its peer closes
// it. The server answers each line on standard input with a report.
func shortServer() {
	var lines atomic.Uint64
	slog.SetDefault(slog.New(slog.NewTextHandler(lineCounter{&lines}, nil)))
	l, err := Listen(Options{Address: "127.0.0.1:0"})
	fatal(err)
	quick, err := Listen(Options{Address: "127.0.0.1:0"})
	fatal(err)
	fatal(quick.DoNotWait())
	start := flight.Now()
	var rounds, accepted atomic.Uint64
	for range 2 {
		go func() {
			for {
				fd, err := l.Accept()
				rounds.Add(1)
				if err != nil {
					continue
				}
				accepted.Add(1)
				go func() {
					unix.Write(fd, []byte("k"))
					unix.Read(fd, make([]byte, 1))
					unix.Close(fd)
				}()
			}
		}()
	}
	limit := unix.Rlimit{Cur: 20, Max: 20}
	fatal(unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	asked := bufio.NewScanner(os.Stdin)
	for answer := json.NewEncoder(os.Stdout); ; {
		_, err := quick.Accept()
		fatal(answer.Encode(shortReport{
			Address: l.Addr().String(), Short: l.Short.Load(), Rounds: rounds.Load(), Lines: lines.Load(),
			Age: flight.Now() - start, NoWait: err.Error(), Accepted: accepted.Load(),
		}))
		if !asked.Scan() {
			return
		}
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type lineCounter struct{ n *atomic.Uint64 }

func (c lineCounter) Write(p []byte) (int, error) {
	c.n.Add(1)
	return len(p), nil
}

// TestShortOfDescriptors checks that a server at its limit of open files keeps
// running, pauses instead of spinning, logs the shortage now and then, and
// later accepts the peers that had to wait.
func TestShortOfDescriptors(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), shortServerEnv+"=1")
	cmd.Stderr = os.Stderr
	ask, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ask.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}()
	answers := json.NewDecoder(out)
	report := func() (r shortReport) {
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		io.WriteString(ask, "\n")
		return r
	}
	first := report()

	const peers = 40
	var conns []net.Conn
	for range peers {
		c, err := net.DialTimeout("tcp", first.Address, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	var r shortReport
	until(t, "three shortages", func() bool { r = report(); return r.Short >= 3 })
	if r.Accepted >= peers {
		t.Fatalf("the limit of open files had no effect: %d accepted", r.Accepted)
	}
	// Two threads, with a pause of 100 ms after each shortage.
	if idle := r.Rounds - r.Accepted; idle > 6+2*uint64(r.Age/int64(ShortPause)) {
		t.Errorf("Accept returned %d times without a connection within %v", idle, time.Duration(r.Age))
	}
	// One line per second for each of two listeners.
	if most := 2 + 2*uint64(r.Age/int64(time.Second)); r.Lines == 0 || r.Lines > most {
		t.Errorf("%d lines in the log within %v (want 1 to %d)", r.Lines, time.Duration(r.Age), most)
	}
	if want := ErrShort.Error(); r.NoWait != want {
		t.Errorf("a listener that does not wait said %q (want %q)", r.NoWait, want)
	}

	// As other connections end, all are served, in any order.
	for left := conns; len(left) > 0; {
		var waiting []net.Conn
		for _, c := range left {
			c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			switch _, err := io.ReadFull(c, make([]byte, 1)); {
			case err == nil:
				c.Close()
			case errors.Is(err, os.ErrDeadlineExceeded):
				waiting = append(waiting, c)
			default:
				t.Fatalf("a peer that had to wait: %v", err)
			}
		}
		left = waiting
		if r = report(); time.Duration(r.Age-first.Age) > patience {
			t.Fatalf("%d peers are not served after %v", len(left), patience)
		}
	}
	if r = report(); r.Accepted != peers {
		t.Errorf("%d connections accepted of %d", r.Accepted, peers)
	}
}

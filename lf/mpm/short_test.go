package mpm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/httpd"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/park"
)

const (
	shortServerEnv = "MPM_TEST_SHORT_SERVER"
	shortThreads   = 24
	shortRoom      = 8 // descriptors beyond those that the server starts with
)

// shortServer is the child: a server of the named variant, with descriptors for
// a few connections. It drains when standard input ends.
func shortServer(name string) {
	fatal := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	var m MPM
	all := variants()
	at := slices.IndexFunc(all, func(v variant) bool { return v.String() == name })
	if at < 0 {
		fatal(fmt.Errorf("no variant %s", name))
	}
	kind := all[at].kind
	web, err := httpd.New(httpd.Config{
		Limits: httpd.Limits{KeepAliveTimeout: time.Hour},
		Status: func() serve.Status { return m.Status() },
	})
	fatal(err)
	l, err := sock.Listen(sock.Options{Address: "127.0.0.1:0", ReusePort: kind.ReusePort})
	fatal(err)
	cfg := Config{Listeners: []*sock.Listener{l}, Service: web, Threads: shortThreads, Parker: park.Kinds()[0]}
	cfg.Short = func(err error) { fmt.Println("sick:", err) }
	all[at].choose(&cfg)
	m, err = New(kind.Name, cfg)
	fatal(err)
	time.Sleep(time.Nanosecond) // afterwards the runtime's poller has its own descriptors, as package control arranges
	open, err := os.ReadDir("/proc/self/fd")
	fatal(err)
	limit := unix.Rlimit{Cur: uint64(len(open) + shortRoom), Max: 1000}
	fatal(unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	began := flight.Now() // before all threads run, one may already be short
	fatal(m.Start())
	fmt.Println(l.Addr(), began)
	io.Copy(io.Discard, os.Stdin)
	m.Drain()
	m.Wait()
}

// TestShortOfDescriptors checks that a server at its limit of open files serves
// the connections that it has, waits without spinning, and accepts others when
// some have ended.
func TestShortOfDescriptors(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	each(t, slices.DeleteFunc(variants(), unlikely), func(t *testing.T, v variant) {
		if err := v.usable(); err != nil {
			t.Skip(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, exe)
		cmd.Env = append(os.Environ(), shortServerEnv+"="+v.String())
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		cmd.Stderr = &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var addr string
		var began int64
		if _, err := fmt.Fscan(bufio.NewReader(out), &addr, &began); err != nil {
			t.Fatalf("%v, %s", err, log.String())
		}
		crowdTheServer(t, addr, began)
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v, %s", err, log.String())
		}
		if n := strings.Count(log.String(), "cannot accept"); n == 0 || n > 1+int((flight.Now()-began)/1e9) {
			t.Errorf("%d lines in the log: %s", n, log.String())
		}
	})
}

// TestSickForWantOfDescriptors checks that a server that could accept nothing
// for a second calls Short once and goes on with what it has. L12: a child that
// is short of descriptors can end as sick.
func TestSickForWantOfDescriptors(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variants() {
		if v.choice != "" {
			continue
		}
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel() // each is a process that mostly waits
			ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, exe)
			cmd.Env = append(os.Environ(), shortServerEnv+"="+v.String())
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			cmd.Stderr = &log
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(pipe)
			var addr string
			var began int64
			if _, err := fmt.Fscanln(out, &addr, &began); err != nil {
				t.Fatal(err)
			}
			for range shortRoom + 4 {
				c := dialTo(t, addr)
				defer c.Close()
				c.send(getHello)
			}
			line, err := out.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "sick: ") || !strings.Contains(line, unix.EMFILE.Error()) {
				t.Errorf("it says %q, %v", line, err)
			}
			if age := time.Duration(flight.Now() - began); age < time.Second {
				t.Errorf("it says so after %v", age)
			}
			in.Close()
			if rest, err := io.ReadAll(out); len(rest) != 0 || err != nil {
				t.Errorf("and then %q, %v", rest, err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("the server ended with %v, %.1000s", err, log.String())
			}
		})
	}
}

func crowdTheServer(t *testing.T, addr string, began int64) {
	const peers = 30
	ask := func(c net.Conn, path string, by time.Duration) (string, error) {
		c.SetDeadline(time.Now().Add(by))
		if path != "" {
			if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				return "", err
			}
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	var waiting []net.Conn
	for range peers {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		waiting = append(waiting, c)
		if len(waiting) > 1 {
			continue
		}
		// Before the others come, because not all architectures accept in
		// order.
		if body, err := ask(c, "/hello", patience); err != nil || body != "Hello, World!" {
			t.Fatalf("the first peer: %q, %v", body, err)
		}
	}
	first := waiting[0]
	for _, c := range waiting[1:] {
		if _, err := io.WriteString(c, getHello); err != nil {
			t.Fatal(err)
		}
	}
	// Connections that were accepted are served all the time.
	var short, accepted, age uint64
	until(t, "three shortages", func() bool {
		body, err := ask(first, "/server-status?auto", patience)
		if err != nil {
			t.Fatalf("a peer that is in: %v", err)
		}
		age = uint64(flight.Now() - began)
		short, accepted = statusLine(t, body, "accept_short"), statusLine(t, body, "Total Connections")
		return short >= 3
	})
	if accepted >= peers {
		t.Fatalf("the limit of open files had no effect: %d connections", accepted)
	}
	// goroutine's pause grows from 5 to 100 ms. In others each thread has a
	// pause of 100 ms.
	if most := 10 + shortThreads*(1+age/uint64(sock.ShortPause)); short > most {
		t.Errorf("%d shortages within %v (want at most %d)", short, time.Duration(age), most)
	}
	served := 0
	for end := time.Now().Add(patience); len(waiting) > 0; {
		var left []net.Conn
		for i, c := range waiting {
			var err error
			if c != first {
				_, err = ask(c, "", 20*time.Millisecond)
			}
			switch {
			case err == nil:
				c.Close()
				served++
			case errors.Is(err, os.ErrDeadlineExceeded):
				left = append(left, c)
			default:
				t.Fatalf("peer %d, which had to wait: %v", i, err)
			}
		}
		waiting = left
		if time.Now().After(end) {
			t.Fatalf("%d peers are not served after %v", len(waiting), patience)
		}
	}
	if served != peers {
		t.Errorf("%d of %d peers were served", served, peers)
	}
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if body, err := ask(c, "/hello", patience); err != nil || body != "Hello, World!" {
		t.Errorf("a peer afterwards: %q, %v", body, err)
	}
}

// statusLine reads a number from the lines of /server-status?auto.
func statusLine(t *testing.T, status, name string) uint64 {
	t.Helper()
	_, rest, ok := strings.Cut("\n"+status, "\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseUint(value, 10, 64)
	if !ok || err != nil {
		t.Fatalf("no %s in %q", name, status)
	}
	return n
}

package mpm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/httpd"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/park"
)

// neighbourEnv makes the test binary a server with inherited listeners. Its
// value is the number of listeners, the number of threads, and the variant.
const neighbourEnv = "MPM_TEST_NEIGHBOUR"

// neighbour is the child. It reports that it accepts, drains when standard
// input ends, and then reports how many connections it had.
func neighbour(how string) {
	fatal := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	var listeners, threads int
	var name string
	_, err := fmt.Sscan(how, &listeners, &threads, &name)
	fatal(err)
	all := everyKind()
	v := all[slices.IndexFunc(all, func(v variant) bool { return v.String() == name })]
	var m MPM
	web, err := httpd.New(httpd.Config{Status: func() serve.Status { return m.Status() }})
	fatal(err)
	cfg := Config{Service: web, Threads: threads, Parker: park.Kinds()[0]}
	v.choose(&cfg)
	for i := range listeners {
		l, err := sock.Adopt(3+i, sock.Options{})
		fatal(err)
		cfg.Listeners = append(cfg.Listeners, l)
	}
	m, err = New(v.kind.Name, cfg)
	fatal(err)
	fatal(m.Start())
	fmt.Println("accepting")
	io.Copy(io.Discard, os.Stdin)
	m.Drain()
	m.Wait()
	fmt.Println(m.Status().Connections)
}

// beside starts a process that accepts from the rig's listeners, too. The
// result ends that process and returns how many connections it had.
func (r *rig) beside(v variant) (end func() int) {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), 3*patience)
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", neighbourEnv, len(r.opened), r.threads, v))
	cmd.Stderr = os.Stderr
	for _, l := range r.opened {
		fd, err := unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "listener")
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	line := func() string {
		r.t.Helper()
		text, err := out.ReadString('\n')
		if err != nil {
			r.t.Fatalf("the other process says %q, %v", text, err)
		}
		return strings.TrimSpace(text)
	}
	if text := line(); text != "accepting" {
		r.t.Fatalf("the other process says %q", text)
	}
	return sync.OnceValue(func() int {
		defer cancel()
		in.Close()
		n, err := strconv.Atoi(line())
		if err != nil {
			r.t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			r.t.Errorf("the other process ended with %v", err)
		}
		return n
	})
}

// TestLeaveUnderLoad checks that every connection is answered by one of two
// processes while one of them leaves the listener.
func TestLeaveUnderLoad(t *testing.T) {
	for _, v := range everyKind() {
		t.Run(v.String(), func(t *testing.T) {
			r := startVariant(t, v, setup{adopt: true})
			end := r.beside(v)
			defer end()
			var crowd sync.WaitGroup
			var stop atomic.Bool
			var answered atomic.Int64
			for i := range 10 {
				crowd.Go(func() {
					for n := 0; !stop.Load(); n++ {
						if err := visit(r.addr, i, 1, true); err != nil {
							t.Errorf("client %d, connection %d: %v", i, n, err)
							return
						}
						answered.Add(1)
					}
				})
			}
			more := func(what string, n int64) {
				goal := answered.Load() + n
				until(t, what, func() bool { return answered.Load() >= goal || t.Failed() })
			}
			more("answers", 100)
			until(t, "a connection", func() bool { return r.m.Status().Connections > 0 || t.Failed() })
			r.m.Drain()
			r.await()
			ours := int(r.m.Status().Connections)
			more("answers by the other process", 100)
			stop.Store(true)
			crowd.Wait()
			if n := int(r.m.Status().Connections); n != ours {
				t.Errorf("%d connections were taken by the process that had left", n-ours)
			}
			if theirs, made := end(), int(answered.Load()); ours+theirs != made && !t.Failed() {
				t.Errorf("%d connections here and %d there, %d were made", ours, theirs, made)
			}
			r.finish()
		})
	}
}

// TestLeaveIdle checks that without traffic a process leaves and calls Left
// once, and the listener still listens. L10: a waiting leader is not left
// behind.
func TestLeaveIdle(t *testing.T) {
	for _, v := range everyKind() {
		t.Run(v.String(), func(t *testing.T) {
			var left atomic.Int64
			r := startVariant(t, v, setup{adopt: true, change: func(c *Config) { c.Left = func() { left.Add(1) } }})
			if r.kind.Name != "goroutine" {
				until(t, "the threads to be there", func() bool { return r.liveThreads() == r.threads })
			}
			r.m.Drain()
			r.m.Drain() // does nothing
			r.await()
			until(t, "word of having left", func() bool { return left.Load() > 0 })
			c, err := net.DialTimeout("tcp", r.addr, patience)
			if err != nil {
				t.Fatalf("the listener is shut down: %v", err)
			}
			c.Close()
			r.finish()
			if n := left.Load(); n != 1 {
				t.Errorf("it has left %d times", n)
			}
		})
	}
}

package mpm

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/sync/block"
)

// tokenGate is a byte in a pipe. The thread that reads it has the gate.
type tokenGate struct {
	pipe     [2]int
	broken   atomic.Bool
	waiting  atomic.Int32
	inside   atomic.Int32
	acquired atomic.Int64
	overlaps atomic.Int64
}

var errBrokenGate = errors.New("no hinges")

func newTokenGate(t *testing.T) *tokenGate {
	g := new(tokenGate)
	if err := unix.Pipe2(g.pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(g.pipe[0])
		unix.Close(g.pipe[1])
	})
	g.put()
	return g
}

func (g *tokenGate) put() { _, _ = unix.Write(g.pipe[1], []byte{1}) }

func (g *tokenGate) Acquire(ended func() bool) error {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	for {
		if g.broken.Load() {
			return errBrokenGate
		}
		if ended() {
			return errors.New("ended")
		}
		if n, err := block.Read(g.pipe[0], make([]byte, 1)); n == 1 && err == nil {
			break
		}
	}
	if g.inside.Add(1) > 1 {
		g.overlaps.Add(1)
	}
	g.acquired.Add(1)
	return nil
}

func (g *tokenGate) Release() {
	g.inside.Add(-1)
	g.put()
}

// gated returns a setup with the gate, with one thread if every thread accepts.
func (v variant) gated(g *tokenGate, more func(*Config)) setup {
	s := setup{adopt: true, change: func(c *Config) {
		c.AcceptGate = g
		if more != nil {
			more(c)
		}
	}}
	if v.kind.Name == "kernel" {
		s.threads = 1
	}
	return s
}

// TestAcceptGate checks that in Gated architectures one thread at a time holds
// the gate and accepts; others do not touch it. L1: at most one thread is in
// accept. L8: an architecture that ignores the gate does not acquire it.
func TestAcceptGate(t *testing.T) {
	each(t, everyKind(), func(t *testing.T, v variant) {
		g := newTokenGate(t)
		r := startVariant(t, v, v.gated(g, nil))
		const clients, visits = 4, 25
		var crowd sync.WaitGroup
		for i := range clients {
			crowd.Go(func() {
				if err := visit(r.addr, i, visits, true); err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		switch n := g.acquired.Load(); {
		case v.kind.Gated && n < clients*visits:
			t.Errorf("taken %d times for %d connections", n, clients*visits)
		case !v.kind.Gated && n != 0:
			t.Errorf("taken %d times, which means nothing here", n)
		}
		if n := g.overlaps.Load(); n != 0 {
			t.Errorf("%d times two threads were inside", n)
		}
		r.stop()
		if n := g.inside.Load(); n != 0 {
			t.Errorf("%d threads left with the gate", n)
		}
	})
}

// TestLeaveAtTheGate checks that nothing is accepted while another process
// holds the gate, and that a thread that waits for it leaves when told to.
func TestLeaveAtTheGate(t *testing.T) {
	for _, v := range everyKind() {
		if !v.kind.Gated {
			continue
		}
		t.Run(v.String(), func(t *testing.T) {
			g := newTokenGate(t)
			take := func() {
				if n, err := unix.Read(g.pipe[0], make([]byte, 1)); n != 1 || err != nil {
					t.Fatal(err)
				}
			}
			take()
			r := startVariant(t, v, v.gated(g, nil))
			c := r.dial()
			c.send(rawHello)
			until(t, "a thread at the gate", func() bool { return g.waiting.Load() == 1 })
			if n := r.m.Status().Connections; n != 0 {
				t.Errorf("%d connections were accepted without the gate", n)
			}
			g.put()
			c.hello("GET")
			// The thread has the gate again and releases it after a connection.
			// Then either side may get the gate.
			var have atomic.Bool
			go func() {
				take()
				have.Store(true)
			}()
			until(t, "the gate", func() bool {
				if !have.Load() && g.inside.Load() == 1 {
					if err := visit(r.addr, 0, 1, true); err != nil {
						t.Fatal(err)
					}
				}
				return have.Load()
			})
			until(t, "a thread at the gate", func() bool { return g.waiting.Load() == 1 })
			r.m.Drain()
			r.await()
			if g.inside.Load() != 0 {
				t.Error("a thread left through the gate that another one held")
			}
			r.finish()
		})
	}
}

// TestBrokenGate checks that the server calls Short once and does not spin.
func TestBrokenGate(t *testing.T) {
	for _, v := range everyKind() {
		if !v.kind.Gated || v.choice != "" {
			continue
		}
		t.Run(v.String(), func(t *testing.T) {
			g := newTokenGate(t)
			g.broken.Store(true)
			told := make(chan error, 2)
			r := startVariant(t, v, v.gated(g, func(c *Config) { c.Short = func(err error) { told <- err } }))
			if err := <-told; !errors.Is(err, errBrokenGate) {
				t.Errorf("told %v", err)
			}
			r.stop()
			if len(told) != 0 {
				t.Error("told twice")
			}
		})
	}
}

// TestGateForOneThread checks that a gate is refused if several threads accept.
func TestGateForOneThread(t *testing.T) {
	for name, cfg := range map[string]Config{"kernel": {Threads: 2}, "leader": {Threads: 4, Policy: lf.Policy{Leaders: 2}}} {
		cfg.AcceptGate = new(tokenGate)
		kind, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := kind.Check(cfg); err == nil || !strings.Contains(err.Error(), "one thread of each process") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

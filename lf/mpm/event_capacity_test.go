package mpm

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lflab/lf/httpd"
	"lflab/lf/serve"
)

func factor(f float64) func(*Config) { return func(c *Config) { c.AsyncFactor = f } }

// E3: if all workers are idle, workers + factor x workers connections may be
// open. Further ones wait, and each that ends makes room for one.
func TestEventBoundsConnections(t *testing.T) {
	for _, test := range []struct {
		factor float64
		most   int // with two workers
	}{{2, 6}, {1.5, 5}, {0.5, 3}} {
		r := start(t, "event", setup{threads: 3, change: factor(test.factor)})
		m := r.m.(*event)
		open := func() int { return int(m.alive.Load()) }
		var kept []*client
		for range test.most {
			c := r.dial()
			c.send(getHello)
			c.hello("GET")
			kept = append(kept, c)
		}
		var waiting []*client
		for range 4 {
			c := r.dial()
			c.send(getHello)
			waiting = append(waiting, c)
		}
		until(t, "the listener to find no room", func() bool { return m.cap.full.Load() && r.m.Status().Busy == 0 })
		if st := r.m.Status(); open() != test.most || !st.NotAccepting {
			t.Fatalf("factor %v: %d connections are open, want %d; not accepting: %v", test.factor, open(), test.most, st.NotAccepting)
		}
		for _, c := range kept { // they are served as before
			c.send(getHello)
			c.hello("GET")
		}
		for i, c := range waiting {
			kept[i%len(kept)].Close()
			kept[i%len(kept)] = c
			c.hello("GET")
			if n := open(); n > test.most {
				t.Errorf("factor %v: %d connections are open", test.factor, n)
			}
		}
		r.stop()
	}
}

// E3: lingering connections do not count.
func TestLingeringConnectionsDoNotCount(t *testing.T) {
	r := start(t, "event", setup{threads: 2, change: factor(1), limits: httpd.Limits{LingerTimeout: patience, LingerShort: patience / 1000}})
	for range 10 { // at most 2 may be open otherwise
		c := r.dial()
		c.send("nonsense\r\n\r\n")
		if res, _ := c.answer("GET"); res.StatusCode != 400 {
			t.Errorf("answer %s", res.Status)
		}
	}
	until(t, "all to linger", func() bool { return r.m.Status().AsyncClosing == 10 })
	r.check()
}

// peak records the largest number of connections open while one is served.
type peak struct {
	serve.Service
	open func() int64
	most atomic.Int64
}

func (p *peak) NewSession() serve.Session { return &peakSession{p.Service.NewSession(), p} }

type peakSession struct {
	serve.Session
	p *peak
}

func (s *peakSession) Serve(t *serve.Thread) serve.Next {
	n := s.p.open()
	for most := s.p.most.Load(); n > most && !s.p.most.CompareAndSwap(most, n); {
		most = s.p.most.Load()
	}
	return s.Session.Serve(t)
}

// E3: the limit is never exceeded, and no connection is forgotten although all
// workers are busy again and again and the listener finds no room.
func TestEventBoundUnderLoad(t *testing.T) { eventBoundUnderLoad(t, 20) }

func eventBoundUnderLoad(t *testing.T, rounds int) {
	for _, test := range []struct {
		workers int
		factor  float64
		most    int64
	}{{1, 0.5, 2}, {2, 2, 6}, {3, 0.01, 4}} {
		var server atomic.Pointer[event]
		p := &peak{open: func() int64 { return server.Load().alive.Load() }}
		r := start(t, "event", setup{threads: test.workers + 1, change: factor(test.factor), watch: func(s serve.Service) serve.Service {
			p.Service = s
			return p
		}})
		m := r.m.(*event)
		server.Store(m)
		var crowd sync.WaitGroup
		for i := range 16 {
			crowd.Go(func() {
				for range rounds {
					if err := visit(r.addr, i, 1+i%3, i%2 == 0); err != nil {
						t.Errorf("client %d: %v", i, err)
						return
					}
					runtime.Gosched()
				}
			})
		}
		crowd.Wait()
		if n := p.most.Load(); n > test.most || n < int64(test.workers) {
			t.Errorf("%d workers, factor %v: up to %d connections were open, want at most %d", test.workers, test.factor, n, test.most)
		}
		r.idle()
		if n := m.cap.lingering.Load(); n != 0 {
			t.Errorf("%d connections are still counted as lingering", n)
		}
		r.check()
		r.stop()
	}
}

// TestFactorsThatMakeNoSense checks that they are refused.
func TestFactorsThatMakeNoSense(t *testing.T) {
	zero := 0.0
	for _, f := range []float64{-1, 1e9, zero / zero} {
		if err := eventKind.Check(Config{Threads: 2, AsyncFactor: f}); err == nil || !strings.Contains(err.Error(), "factor") {
			t.Errorf("factor %v: error %v", f, err)
		}
	}
}

package load

import (
	"net"
	"sync"
	"testing"
	"time"
)

// hangs returns a handler that answers every request, except those that come
// after the first one on the first n connections. There it calls hang, and
// answers if that returns true. Answers take a millisecond, so that a closed loop
// leaves the processors to other tests.
func hangs(n int, hang func() bool) func(*net.TCPConn, int64) bool {
	var mu sync.Mutex
	requests := map[*net.TCPConn]int{}
	slow := map[*net.TCPConn]bool{}
	return func(c *net.TCPConn, request int64) bool {
		mu.Lock()
		requests[c]++
		if requests[c] == 1 && len(slow) < n {
			slow[c] = true
		}
		hung := slow[c] && requests[c] > 1
		mu.Unlock()
		if hung && !hang() {
			return true
		}
		return slowly(say(hello))(c, request)
	}
}

// slowly returns a handler that serves each request a millisecond later.
func slowly(handler func(*net.TCPConn, int64) bool) func(*net.TCPConn, int64) bool {
	return func(c *net.TCPConn, request int64) bool {
		time.Sleep(time.Millisecond)
		return handler(c, request)
	}
}

func silence() bool { return false }

// Three of eight connections wait from the warm-up on. No request that is counted
// waits, so only Starved and Held tell of it.
func TestHungSinceTheWarmup(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 400} {
		s := serve(t, "127.0.0.1:0", hangs(3, silence))
		r := mustRun(t, Config{URL: s.url(), Connections: 8, Warmup: time.Second, Duration: 500 * time.Millisecond, Rate: rate})
		if want := (Starved{Asked: 8, Silent: 3}); r.Starved != want || len(r.Errors) > 0 || r.Requests == 0 {
			t.Errorf("rate %g: %+v, %d succeeded, errors %v: want %+v", rate, r.Starved, r.Requests, r.Errors, want)
		}
		h := r.Held
		if h.Connections != 3 || h.ToEnd != 3 || h.Failed != 0 || !h.Hides() {
			t.Errorf("rate %g: %+v: want three connections, held to the end", rate, h)
		}
		if h.LongestS != 0.5 || h.TimeShare != 3.0/8 {
			t.Errorf("rate %g: the longest hold is %g s, the share %g: want 0.5 s and 3/8", rate, h.LongestS, h.TimeShare)
		}
	}
}

// A closed loop of which all connections wait plans nothing.
func TestAllHungSinceTheWarmup(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", hangs(4, silence))
	r := mustRun(t, Config{URL: s.url(), Connections: 4, Warmup: time.Second, Duration: 100 * time.Millisecond})
	if r.Planned != 0 || r.Starved.Silent != 4 || r.Held.ToEnd != 4 || r.Held.TimeShare != 1 {
		t.Errorf("%d planned, %+v, %+v: want four connections held to the end", r.Planned, r.Starved, r.Held)
	}
}

// A request of the warm-up that fails in the measured time is no error of it,
// but is told.
func TestWarmupFailsInTheMeasuredTime(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", hangs(2, silence))
	r := mustRun(t, Config{URL: s.url(), Connections: 4, Warmup: time.Second, Duration: 3 * time.Second, Timeout: 2 * time.Second})
	if r.Held.Failed != 2 || r.Held.ToEnd != 0 || !r.Held.Hides() {
		t.Errorf("%+v: want two connections whose request failed", r.Held)
	}
}

// A request of the warm-up that is answered late in the measured time is told,
// too.
func TestWarmupIsAnsweredInTheMeasuredTime(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	s := serve(t, "127.0.0.1:0", hangs(3, func() bool { <-let; return true }))
	r := mustRun(t, Config{
		URL: s.url(), Connections: 8, Warmup: time.Second, Duration: 3 * time.Second,
		Begin: func() { time.AfterFunc(100*time.Millisecond, func() { close(let) }) },
	})
	if h := r.Held; h.Connections < 3 || h.Failed != 0 || h.LongestS < 0.09 || h.TimeShare <= 0 {
		t.Errorf("%+v: want three connections, held for 0.1 s", h)
	}
}

// Connections of an undisturbed load are neither silent nor held.
func TestNothingHidden(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, {Close: true}, {Rate: 200}, {Rate: 10, Arrivals: Fixed}} {
		s := serve(t, "127.0.0.1:0", slowly(say(hello)))
		cfg.URL, cfg.Connections, cfg.Warmup, cfg.Duration = s.url(), 4, 100*time.Millisecond, 500*time.Millisecond
		if r := served(t, cfg); r.Starved.Silent != 0 || r.Held.ToEnd != 0 || r.Held.Failed != 0 {
			t.Errorf("%+v: %+v, %+v", cfg, r.Starved, r.Held)
		}
	}
}

// A stall across the beginning of the measured time counts from 10 ms and 1 % of
// that time on, if the request took more than twice as long as any that is
// counted.
func TestStallAtTheBoundary(t *testing.T) {
	const ms, second = int64(time.Millisecond), int64(time.Second)
	for _, c := range []struct {
		measured, held, took, longest int64
		counts, hides                 bool
	}{
		{second / 4, 9 * ms, 50 * ms, ms, false, false},
		{second / 4, 10 * ms, 50 * ms, ms, true, true},
		{second / 4, 10 * ms, 50 * ms, 25 * ms, true, false},
		{10 * second, 99 * ms, second, ms, false, false},
		{10 * second, 100 * ms, second, ms, true, true},
	} {
		var h Held
		slot := conn{sight: sight{held: c.held, took: c.took}}
		if got := h.count(&slot, c.measured, c.longest); got != c.counts || h.Hides() != c.hides {
			t.Errorf("%+v: counts %t, hides %t", c, got, h.Hides())
		}
	}
}

package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The generator counts as many requests as the server.
func TestCountsMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		close   bool
		rate    float64
		threads int
		law     Arrivals
	}{
		{"closed/keep", false, 0, 1, ""},
		{"closed/close", true, 0, 1, ""},
		{"closed/keep/threads", false, 0, 3, ""},
		{"closed/close/threads", true, 0, 2, ""},
		{"open/keep", false, 2000, 1, Poisson},
		{"open/close", true, 1000, 1, Poisson},
		{"open/keep/threads", false, 2000, 3, Fixed},
		{"open/close/threads", true, 1000, 2, Fixed},
		{"pairs/keep", false, 1000, 1, Paired},
		{"pairs/close", true, 1000, 1, Paired},
		{"pairs/keep/threads", false, 1000, 2, Paired},
		{"pairs/close/threads", true, 1000, 3, Paired},
		{"bursts/keep", false, 1000, 1, Burst},
		{"bursts/close/threads", true, 1000, 2, Burst},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			handler := say(hello)
			if test.close {
				handler = sayAndClose(strings.Replace(hello, "\r\n", "\r\nConnection: close\r\n", 1))
			}
			s := serve(t, "127.0.0.1:0", handler)
			const connections = 7
			cfg := Config{
				URL: s.url(), Connections: connections, Threads: test.threads, Duration: 250 * time.Millisecond,
				Rate: test.rate, Arrivals: test.law, Close: test.close, Seed: 9,
			}
			switch test.law {
			case Paired:
				cfg.Spacing = 20 * time.Microsecond
			case Burst:
				cfg.Burst = 5
			}
			r := served(t, cfg)
			eventually(t, "the server has seen every request sent", func() bool { return s.requests.Load() == int64(r.Sent) })
			eventually(t, "the server has accepted every connection", func() bool { return s.accepted.Load() == int64(r.Opened) })
			if len(r.Errors) != 0 || r.Requests == 0 {
				t.Fatalf("%d requests, errors %v", r.Requests, r.Errors)
			}
			if outstanding := r.Sent - r.Answered; outstanding > connections {
				t.Errorf("sent %d, answered %d: more outstanding than connections", r.Sent, r.Answered)
			}
			if late := r.Answered - r.Requests; test.rate == 0 && late > connections {
				t.Errorf("answered %d, %d of them in the measured time: no warm-up, so at most %d after it", r.Answered, r.Requests, connections)
			}
			if want := uint64(connections); !test.close && r.Opened != want {
				t.Errorf("opened %d connections, want %d", r.Opened, want)
			}
			if test.close && r.Opened != r.Sent {
				t.Errorf("opened %d connections for %d requests", r.Opened, r.Sent)
			}
			if test.rate == 0 {
				if n := r.Latency.TotalCount(); n != int64(r.Requests) {
					t.Errorf("%d latencies of %d requests", n, r.Requests)
				}
				return
			}
			planned := uint64(0)
			whole := cfg
			whole.Threads = 1
			for p := newPlan(whole, 0); p.next().group < int64(cfg.Duration); {
				planned++
			}
			if r.Planned != planned || r.Sent != planned || r.Answered != planned {
				t.Errorf("planned %d, sent %d, answered %d: want %d each", r.Planned, r.Sent, r.Answered, planned)
			}
			for name, n := range map[string]int64{
				"latencies": r.Latency.TotalCount(), "service times": r.Service.TotalCount(), "send lags": r.SendLag.TotalCount(),
			} {
				if n != int64(planned) {
					t.Errorf("%d %s of %d requests", n, name, planned)
				}
			}
			if test.law != Paired {
				if r.PairSpacing != nil || r.Second != nil || r.Reversed != 0 {
					t.Error("there are no pairs")
				}
				return
			}
			for name, n := range map[string]int64{
				"spacings": r.PairSpacing.TotalCount(), "latencies of seconds": r.Second.Latency.TotalCount(), "service times of seconds": r.Second.Service.TotalCount(),
			} {
				if n != int64(planned)/2 {
					t.Errorf("%d %s of %d requests in pairs", n, name, planned)
				}
			}
			if test.threads == 1 && r.Reversed != 0 {
				t.Errorf("one thread sent the second of %d pairs first", r.Reversed)
			}
		})
	}
}

func TestWarmupIsNotCounted(t *testing.T) {
	s := serve(t, "127.0.0.1:0", say(hello))
	var begun, ended int64
	r := mustRun(t, Config{
		URL: s.url(), Connections: 2, Warmup: 100 * time.Millisecond, Duration: 100 * time.Millisecond,
		Begin: func() { begun = s.requests.Load() }, End: func() { ended = s.requests.Load() },
	})
	if begun == 0 || ended <= begun {
		t.Errorf("%d requests as the measured time began, %d as it ended", begun, ended)
	}
	if r.Requests >= r.Answered || r.Duration != 100*time.Millisecond {
		t.Errorf("%d of %d answers counted in %v: those of the warm-up must not be", r.Requests, r.Answered, r.Duration)
	}
	sum := 0.0
	for _, rate := range r.PerSecond {
		sum += rate / 10
	}
	if got := uint64(sum + 0.5); len(r.PerSecond) != 1 || got != r.Within {
		t.Errorf("per second %v adds up to %d requests, want %d in one bin", r.PerSecond, got, r.Requests)
	}
}

func TestPerSecond(t *testing.T) {
	got := perSecond([]uint64{10, 20, 5, 0}, 250e6)
	if want := []float64{100, 200, 100}; len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("rates %v, want %v: the last bin is half a bin", got, want)
	}
}

// The server stops for 200 ms. In an open loop every request planned in that
// time has a long latency, but only the requests that were under way have a
// long service time. A closed loop beside it sends no request during the stall
// and so misses most of the delay (coordinated omission).
func TestStall(t *testing.T) {
	const (
		connections = 2
		rate        = 1000
		stall       = 200 * time.Millisecond
		long        = int64(50 * time.Millisecond)
	)
	over := func(r *Result, service bool) (n int64) {
		h := r.Latency
		if service {
			h = r.Service
		}
		for _, bar := range h.Distribution() {
			if bar.From > long {
				n += bar.Count
			}
		}
		return n
	}
	measure := func(rate float64) *Result {
		var stalled atomic.Bool
		gate := make(chan struct{}, 1) // one request at a time: the stall stops the whole server
		start := time.Now()
		s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, _ int64) bool {
			gate <- struct{}{}
			if time.Since(start) > 100*time.Millisecond && stalled.CompareAndSwap(false, true) {
				time.Sleep(stall)
			}
			<-gate
			return say(hello)(c, 0)
		})
		return mustRun(t, Config{URL: s.url(), Connections: connections, Duration: 600 * time.Millisecond, Rate: rate, Arrivals: Fixed})
	}
	check := func() (complaints []string) {
		complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
		open, closed := measure(rate), measure(0)
		// Requests planned in the first 150 ms of the stall wait for 50 ms or
		// more, and so do some of those planned after it.
		if n := over(open, false); n < 140 || n > 260 {
			complain("open loop: latency of %d requests is over 50 ms, want 150 to 200", n)
		}
		if longest := time.Duration(open.Latency.Max()); longest < 190*time.Millisecond {
			complain("open loop: the longest latency is %v, want the stall's %v", longest, stall)
		}
		if p90 := time.Duration(open.Latency.ValueAtQuantile(90)); p90 < 100*time.Millisecond {
			complain("open loop: p90 of the latency is %v, want over 100ms: a third of the plan meets the stall", p90)
		}
		if n := over(open, true); n > connections || n == 0 {
			complain("open loop: service time of %d requests is over 50 ms, want 1 to %d", n, connections)
		}
		if n := over(closed, false); n > connections || n == 0 {
			complain("closed loop: latency of %d requests is over 50 ms, want 1 to %d", n, connections)
		}
		return complaints
	}
	// A busy machine adds stalls of its own, so one undisturbed attempt is
	// enough.
	var complaints []string
	for range 10 {
		if complaints = check(); len(complaints) == 0 {
			return
		}
	}
	t.Error(strings.Join(complaints, "\n"))
}

func TestErrorsByKind(t *testing.T) {
	t.Parallel()
	reset := func(c *net.TCPConn, _ int64) bool {
		_ = c.SetLinger(0)
		return false
	}
	silent := func(c *net.TCPConn, _ int64) bool { return true }
	for _, test := range []struct {
		name     string
		kind     string
		answered bool
		handler  func(*net.TCPConn, int64) bool
	}{
		{"no answer, closed", "closed", false, sayAndClose("")},
		{"half an answer, closed", "closed", false, sayAndClose(hello[:len(hello)-3])},
		{"half a head, closed", "closed", false, sayAndClose(hello[:9])},
		{"reset", "reset", false, reset},
		{"silence", "timeout", false, silent},
		{"not found", "status_4xx", false, say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")},
		{"unavailable", "status_5xx", false, say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno")},
		{"not HTTP", "protocol", false, say("220 mail.example ESMTP\r\n\r\n")},
		{"two answers", "protocol", false, sayAndClose(hello + hello)},
	} {
		for _, rate := range []float64{0, 200} {
			s := serve(t, "127.0.0.1:0", test.handler)
			timeout := time.Minute
			if test.kind == "timeout" {
				timeout = 20 * time.Millisecond
			}
			r := mustRun(t, Config{
				URL: s.url(), Connections: 2, Duration: 100 * time.Millisecond, Rate: rate,
				Timeout: timeout,
			})
			if r.Errors[test.kind] == 0 {
				t.Errorf("%s, rate %g: errors %v, want %s", test.name, rate, r.Errors, test.kind)
			}
			if answered := r.Requests > 0; answered != test.answered {
				t.Errorf("%s, rate %g: %d answers counted", test.name, rate, r.Requests)
			}
			if n := uint64(r.Latency.TotalCount()); n != r.Requests+sum(r.Errors) || n != r.Planned {
				t.Errorf("%s, rate %g: %d planned, %d latencies of %d requests and errors %v", test.name, rate, r.Planned, n, r.Requests, r.Errors)
			}
			if answers := sum(r.Errors) - r.Unanswered; (len(r.Statuses) > 0) != (answers > 0) {
				t.Errorf("%s, rate %g: statuses %v, errors %v, %d unanswered", test.name, rate, r.Statuses, r.Errors, r.Unanswered)
			}
			if low := time.Duration(r.Latency.Min()); r.Unanswered == r.Planned && low < 19*time.Millisecond {
				t.Errorf("%s, rate %g: a request without an answer counts as %v, less than the timeout", test.name, rate, low)
			}
		}
	}
}

func sum(counts map[string]uint64) (n uint64) {
	for _, count := range counts {
		n += count
	}
	return n
}

// The generator reconnects to a dead server again and again, but with pauses.
func TestServerDies(t *testing.T) {
	t.Parallel()
	var s *testServer
	started := make(chan struct{})
	s = serve(t, "127.0.0.1:0", func(c *net.TCPConn, _ int64) bool {
		<-started
		s.listener.Close()
		return false
	})
	close(started)
	r := mustRun(t, Config{URL: s.url(), Connections: 4, Duration: 400 * time.Millisecond})
	if r.Requests != 0 || r.Errors["connect_refused"] == 0 {
		t.Errorf("%d answers, errors %v, want connect", r.Requests, r.Errors)
	}
	// Each connection waits 1, 2, 4, ... 128, 128 ms between attempts.
	if n, most := r.Errors["connect_refused"], uint64(4*12); n > most {
		t.Errorf("%d attempts to connect in 400 ms, want at most %d", n, most)
	}
}

func TestCannotReach(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	r, err := Run(context.Background(), Config{URL: "http://" + address, Connections: 1, Duration: time.Second})
	if r != nil || !errors.Is(err, unix.ECONNREFUSED) || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "[") {
		t.Errorf("%v, %v: want an error that names %s and has a hint", r, err, address)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("skip %s: %v", address, err)
			continue
		}
		l.Close()
		s := serve(t, address, say(hello))
		_, port, _ := net.SplitHostPort(s.listener.Addr().String())
		urls := []string{s.url()}
		if ips, err := net.LookupIP("localhost"); err == nil && slices.ContainsFunc(ips, s.listener.Addr().(*net.TCPAddr).IP.Equal) {
			// localhost may have several addresses: the generator finds the one
			// that has a server.
			urls = append(urls, "http://localhost:"+port)
		}
		for _, url := range urls {
			if r := served(t, Config{URL: url, Connections: 1, Duration: 200 * time.Millisecond}); r.Requests == 0 || len(r.Errors) > 0 {
				t.Errorf("%s: %d requests, errors %v", url, r.Requests, r.Errors)
			}
		}
	}
}

func TestServerCloses(t *testing.T) {
	t.Parallel()
	closing := strings.Replace(hello, "\r\n", "\r\nConnection: close\r\n", 1)
	for name, handler := range map[string]func(*net.TCPConn, int64) bool{
		"announced": func(c *net.TCPConn, n int64) bool {
			if n%3 == 0 {
				return sayAndClose(closing)(c, n)
			}
			return say(hello)(c, n)
		},
		"to the end": sayAndClose("HTTP/1.0 200 OK\r\n\r\nHello"),
	} {
		s := serve(t, "127.0.0.1:0", handler)
		r := served(t, Config{URL: s.url(), Connections: 2, Duration: 100 * time.Millisecond})
		if len(r.Errors) > 0 || r.Requests == 0 || r.Opened < r.Sent/3 {
			t.Errorf("%s: %d requests on %d connections, errors %v", name, r.Requests, r.Opened, r.Errors)
		}
	}
}

// A kept connection that the server closes between two requests is no error.
func TestServerClosesIdle(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, n int64) bool {
		// The end follows the answer in one segment. A server that closed later
		// could meet the next request, which then has no answer.
		if err := cork(c); err != nil {
			t.Error(err)
		}
		return say(hello)(c, n) && c.CloseWrite() == nil
	})
	r := mustRun(t, Config{URL: s.url(), Connections: 2, Duration: 400 * time.Millisecond, Rate: 20, Arrivals: Fixed})
	if len(r.Errors) > 0 || r.Requests != r.Planned || r.Opened <= 2 {
		t.Errorf("%d of %d requests answered on %d connections, errors %v", r.Requests, r.Planned, r.Opened, r.Errors)
	}
}

func TestLargeRequestAndAnswer(t *testing.T) {
	t.Parallel()
	const size = 3 << 20
	body := strings.Repeat("b", size)
	s := serve(t, "127.0.0.1:0", say("HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n"+body))
	r := served(t, Config{URL: s.url() + strings.Repeat("a", size), Connections: 2, Duration: 300 * time.Millisecond})
	eventually(t, "the server has seen every request sent", func() bool { return s.requests.Load() == int64(r.Sent) })
	if len(r.Errors) > 0 || r.Requests == 0 || r.Bytes < r.Requests*size-2*size {
		t.Errorf("%d requests, %d bytes, errors %v", r.Requests, r.Bytes, r.Errors)
	}
}

func TestCancel(t *testing.T) {
	s := serve(t, "127.0.0.1:0", say(hello))
	for _, rate := range []float64{0, 1000} {
		for _, warmup := range []time.Duration{0, time.Hour} {
			before := s.requests.Load()
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(0, func() {
				eventually(t, "some requests", func() bool { return s.requests.Load() > before+20 })
				cancel()
			})
			r, err := Run(ctx, Config{
				URL: s.url(), Connections: 2, Duration: time.Hour, Warmup: warmup, Rate: rate,
				End: func() { t.Error("End was called") },
			})
			if r == nil || !errors.Is(err, context.Canceled) {
				t.Fatalf("%v, %v: want a result and the context's error", r, err)
			}
			if warmup > 0 && (r.Requests != 0 || r.Duration != 0 || r.Planned != 0) {
				t.Errorf("%d requests in %v, %d planned, of a run that did not leave its warm-up", r.Requests, r.Duration, r.Planned)
			}
			if warmup == 0 && (r.Requests == 0 || r.Duration <= 0 || r.Duration > time.Minute || r.Achieved == 0) {
				t.Errorf("%d requests in %v", r.Requests, r.Duration)
			}
			if rate > 0 && warmup == 0 && r.Planned < r.Requests {
				t.Errorf("%d planned, %d answered", r.Planned, r.Requests)
			}
		}
	}
}

func TestNothingLeaks(t *testing.T) {
	count := func(dir string) int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	s := serve(t, "127.0.0.1:0", say(hello))
	goroutines := runtime.NumGoroutine() // includes those of parallel tests that have not run yet
	load := func(cfg Config) {
		cfg.URL, cfg.Connections, cfg.Duration = s.url(), 8, 30*time.Millisecond
		mustRun(t, cfg)
		eventually(t, "the server's side is closed", func() bool { return runtime.NumGoroutine() <= goroutines+1 })
	}
	load(Config{})
	files := count("/proc/self/fd")
	for i := range 10 {
		load(Config{Close: i%2 == 0, Rate: float64(i % 3 * 500), Threads: 1 + i%2})
	}
	eventually(t, "no descriptor is left open", func() bool { return count("/proc/self/fd") <= files })
	threads := count("/proc/self/task")
	for range 10 {
		load(Config{Threads: 4})
	}
	// The runtime may keep a few more threads. The 40 of the runs must have
	// ended.
	eventually(t, "the generators' threads have ended", func() bool { return count("/proc/self/task") < threads+20 })
}

func TestProgress(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", say(hello))
	var calls int
	var last uint64
	r := mustRun(t, Config{
		URL: s.url(), Connections: 1, Duration: 600 * time.Millisecond,
		Progress: func(elapsed, total time.Duration, requests uint64) {
			calls++
			if elapsed <= 0 || elapsed > total || total != 600*time.Millisecond || requests < last {
				t.Errorf("progress %v of %v, %d requests after %d", elapsed, total, requests, last)
			}
			last = requests
		},
	})
	if calls == 0 || last == 0 || last > r.Answered {
		t.Errorf("%d calls, the last with %d of %d requests", calls, last, r.Answered)
	}
}

// A running load allocates no memory per request: between the beginning and the
// end of the measured time there are far fewer allocations than requests.
func TestNoAllocations(t *testing.T) {
	url := floorProcess(t, 0)
	for _, cfg := range []Config{{}, {Close: true}, {Rate: 5000}, {Rate: 2000, Close: true}, {Rate: 2000, Arrivals: Paired, Close: true}, {Rate: 4000, Arrivals: Burst, Burst: 16}} {
		var begin, end runtime.MemStats
		cfg.URL, cfg.Connections, cfg.Warmup, cfg.Duration = url, 16, 100*time.Millisecond, 300*time.Millisecond
		cfg.Begin = func() { runtime.ReadMemStats(&begin) }
		cfg.End = func() { runtime.ReadMemStats(&end) }
		r := mustRun(t, cfg)
		for range 6 { // a busy machine takes longer for as many requests
			if r.Requests >= 500 {
				break
			}
			cfg.Duration *= 2
			r = mustRun(t, cfg)
		}
		if n := end.Mallocs - begin.Mallocs; r.Requests < 500 || n > r.Requests/20 {
			t.Errorf("close %v, rate %g: %d allocations in %d requests", cfg.Close, cfg.Rate, n, r.Requests)
		}
	}
}

package load

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A tenth of the requests is never answered. In either loop the 99th percentile
// is then at least their timeout.
func TestUnansweredAreInTheQuantiles(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 200} {
		s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, n int64) bool {
			if n%10 == 0 {
				return true
			}
			return say(hello)(c, n)
		})
		const timeout = 100 * time.Millisecond
		r := mustRun(t, Config{URL: s.url(), Connections: 4, Duration: 500 * time.Millisecond, Rate: rate, Arrivals: Fixed, Timeout: timeout})
		if r.Errors["timeout"] == 0 || r.Requests == 0 || r.Unanswered < r.Planned/20 {
			t.Fatalf("rate %g: %d planned, %d succeeded, errors %v", rate, r.Planned, r.Requests, r.Errors)
		}
		if p99 := time.Duration(r.Latency.ValueAtQuantile(99)); p99 < timeout || r.UnansweredLeast < timeout {
			t.Errorf("rate %g: p99 %v, unanswered from %v on: less than the timeout", rate, p99, r.UnansweredLeast)
		}
	}
}

// A request planned in the measured time counts even if its answer comes later.
// One planned in the warm-up does not count even if its answer comes in the
// measured time.
func TestJudgedByPlan(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, n int64) bool {
		time.Sleep(100 * time.Millisecond) // stands for the server's work
		return say(hello)(c, n)
	})
	r := mustRun(t, Config{URL: s.url(), Connections: 64, Warmup: 50 * time.Millisecond, Duration: 300 * time.Millisecond, Rate: 100, Arrivals: Fixed})
	if r.Planned != 30 || r.Requests != 30 || len(r.Errors) > 0 {
		t.Errorf("%d planned, %d succeeded, errors %v: want 30", r.Planned, r.Requests, r.Errors)
	}
	if r.Answered != 35 {
		t.Errorf("%d requests answered in all, want the warm-up's 5 too", r.Answered)
	}
}

// The result names the connections that the server has never answered.
func TestStarvedConnectionsAreTold(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 100} {
		slots := make(chan struct{}, 3) // a slot for each connection that is served
		s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, n int64) bool {
			return say(hello)(c, n)
		})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() { // forwards three connections to s and leaves the others unanswered
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				select {
				case slots <- struct{}{}:
					go s.connection(c.(*net.TCPConn), say(hello))
				default:
					t.Cleanup(func() { c.Close() })
				}
			}
		}()
		r := mustRun(t, Config{URL: "http://" + l.Addr().String() + "/", Connections: 8, Duration: time.Second, Rate: rate, Timeout: 2 * time.Second})
		if want := (Starved{Asked: 8, Unanswered: 5, Silent: 5}); r.Starved != want {
			t.Errorf("rate %g: %+v, want %+v", rate, r.Starved, want)
		}
		if n := sum(r.Errors); n != r.Unanswered || n < 5 || r.Latency.TotalCount() != int64(r.Requests+n) {
			t.Errorf("rate %g: errors %v, %d unanswered", rate, r.Errors, r.Unanswered)
		}
	}
}

// Stopping a run whose server never answers yields a result soon.
func TestStopWithoutAnswers(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 500} {
		s := serve(t, "127.0.0.1:0", func(*net.TCPConn, int64) bool { return true })
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			eventually(t, "requests are under way", func() bool { return s.requests.Load() >= 3 })
		}()
		r, err := Run(ctx, Config{URL: s.url(), Connections: 3, Duration: time.Minute, Rate: rate, Timeout: time.Minute})
		if !errors.Is(err, context.Canceled) || r == nil || r.Errors["stopped"] != 3 || r.Planned != sum(r.Errors) {
			t.Errorf("rate %g: %+v, %v", rate, r, err)
		}
	}
}

func TestConnectFaults(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.ECONNREFUSED: "connect_refused", unix.ETIMEDOUT: "connect_timeout", unix.EHOSTUNREACH: "connect_unreachable",
		unix.EADDRNOTAVAIL: "connect_no_port", unix.EMFILE: "connect_no_files", unix.EACCES: "connect_failed",
	} {
		if got := faults[connectFault(errno)].name; got != want || Advice(got) == "" {
			t.Errorf("%v is %s (%s), want %s", errno, got, Advice(got), want)
		}
	}
}

// Values beyond a histogram's range are counted. The range of a run holds every
// latency that it can measure.
func TestBeyondRange(t *testing.T) {
	cfg := Config{Duration: time.Second, Timeout: 5 * time.Minute}
	tally := newTally(cfg)
	tally.record(tally.latency, int64(5*time.Minute))
	if got := time.Duration(tally.latency.Max()); tally.beyond != 0 || got < 5*time.Minute {
		t.Errorf("the longest is %v, %d beyond the range", got, tally.beyond)
	}
	tally.record(tally.latency, int64(time.Hour))
	if tally.beyond != 1 || tally.latency.TotalCount() != 2 {
		t.Errorf("%d beyond the range, %d in all", tally.beyond, tally.latency.TotalCount())
	}
}

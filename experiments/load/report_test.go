package load

import (
	"encoding/json"
	"maps"
	"net"
	"slices"
	"testing"
	"time"
)

// Programs read these field names.
func TestReportFields(t *testing.T) {
	s := serve(t, "127.0.0.1:0", say(hello))
	r := mustRun(t, Config{URL: s.url(), Connections: 3, Duration: 200 * time.Millisecond, Rate: 500, Seed: 4})
	text, err := json.Marshal(r.Report())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	want := []string{"answered_within", "arrivals", "close", "connections", "connections_held", "connections_starved", "cpu_us_per_request", "duration_s", "errors",
		"late", "latency_ns", "loop", "offered_rate", "planned", "requests", "requests_per_second", "seed", "send_lag_ns", "series", "service_time_ns",
		"statuses", "timeout_s", "unanswered", "url"}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	// Of a hundred requests there is no p99 with ten requests beyond it.
	dist := []string{"count", "max", "mean", "p50", "p90"}
	for _, name := range []string{"latency_ns", "service_time_ns", "send_lag_ns"} {
		if got := slices.Sorted(maps.Keys(fields[name].(map[string]any))); !slices.Equal(got, dist) {
			t.Errorf("%s has fields %v, want %v", name, got, dist)
		}
	}
	if fields["loop"] != "open" || fields["connections"] != 3.0 || fields["seed"] != 4.0 || fields["url"] != s.url() || fields["offered_rate"] != 500.0 {
		t.Errorf("%s: not what was run", text)
	}
	if r.CPUPerRequest() <= 0 || fields["cpu_us_per_request"] != r.CPUPerRequest() {
		t.Errorf("CPU per request %v us", fields["cpu_us_per_request"])
	}
}

// Fields that belong to one arrival law are written with that law only.
func TestReportOfGroups(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", say(hello))
	cfg := Config{URL: s.url(), Connections: 4, Duration: 200 * time.Millisecond, Rate: 500}
	paired := cfg
	paired.Arrivals = Paired
	r := mustRun(t, paired).Report()
	if r.Arrivals != "paired" || r.SpacingNs == nil || *r.SpacingNs != 0 || r.Burst != 0 {
		t.Errorf("%+v: want paired arrivals, a spacing of 0 and no burst", r)
	}
	if r.Pairs == nil || r.Pairs.Spacing.Count != 50 || r.Pairs.Latency.Count != 50 || r.Pairs.Service.Count != 50 {
		t.Errorf("%+v: want 50 pairs", r.Pairs)
	}
	burst := cfg
	burst.Arrivals, burst.Burst = Burst, 4
	r = mustRun(t, burst).Report()
	if r.Arrivals != "burst" || r.SpacingNs != nil || r.Burst != 4 || r.Pairs != nil {
		t.Errorf("%+v: want bursts of 4", r)
	}
	if r.Series.WidthS != 0.002 || len(r.Series.Requests) != 100 || len(r.Series.Mean) != 100 || len(r.Series.P50) != 100 {
		t.Errorf("series %+v, want 100 parts of 2 ms", r.Series)
	}
}

func TestRateMissed(t *testing.T) {
	for _, test := range []struct {
		planned, overdue uint64
		want             float64
	}{{0, 0, 0}, {100, 0, 0}, {100, 2, 0.02}, {100, 100, 1}} {
		r := Result{Offered: 5, Planned: test.planned, Overdue: test.overdue}
		if got := r.RateMissed(); got-test.want > 1e-9 || test.want-got > 1e-9 {
			t.Errorf("%+v: missed by %g", test, got)
		}
	}
	if missed := (&Result{Planned: 10, Overdue: 10}).RateMissed(); missed != 0 {
		t.Errorf("a closed loop missed its rate by %g", missed)
	}
}

func TestGrace(t *testing.T) {
	for _, test := range []struct {
		rate           float64
		duration, want time.Duration
	}{
		{0, time.Second, 0},
		{100, time.Second, 300 * time.Millisecond},              // three standard deviations of 100
		{40_000, 500 * time.Millisecond, 10_606_601},            // of 20,000: 2.1 %
		{40_000, 250 * time.Millisecond, 10 * time.Millisecond}, // of 10,000 in 7.5 ms: the least
		{100_000, 10 * time.Second, 100 * time.Millisecond},     // 1 %
	} {
		if got := (Config{Rate: test.rate, Duration: test.duration}).Grace(); got.Truncate(time.Microsecond) != test.want.Truncate(time.Microsecond) {
			t.Errorf("%g/s for %v: %v, want %v", test.rate, test.duration, got, test.want)
		}
	}
}

// TestOverdue: the server keeps the last answers until half a second after the
// end, which is long after the grace.
func TestOverdue(t *testing.T) {
	t.Parallel()
	const planned, kept = 100, 3
	release := make(chan struct{})
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn, n int64) bool {
		if n > planned-kept {
			<-release
		}
		return say(hello)(c, n)
	})
	r := mustRun(t, Config{
		URL: s.url(), Connections: 8, Rate: 1000, Arrivals: Fixed, Duration: planned * time.Millisecond, Timeout: 30 * time.Second,
		Waiting: func(time.Duration) { close(release) },
	})
	if r.Planned != planned || r.Unanswered != 0 || r.Requests != planned || r.Overdue < kept {
		t.Errorf("%d planned, %d answered, %d overdue: want %d, all, and %d or more", r.Planned, r.Requests, r.Overdue, planned, kept)
	}
	if r.Grace != 30*time.Millisecond || r.Began.IsZero() {
		t.Errorf("grace %v, began %v", r.Grace, r.Began)
	}
}

package load

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"
)

// Programs rely on these names.
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
	want := []string{"arrivals", "close", "connections", "cpu_us_per_request", "duration_s", "errors", "latency_ns", "loop",
		"offered_rate", "requests", "requests_per_second", "seed", "send_lag_ns", "series", "service_time_ns", "url"}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	dist := []string{"count", "max", "mean", "p50", "p90", "p99", "p999"}
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

func TestRateMissed(t *testing.T) {
	for _, test := range []struct {
		planned, requests uint64
		want              float64
	}{{0, 10, 0}, {100, 100, 0}, {100, 98, 0.02}, {100, 0, 1}} {
		r := Result{Planned: test.planned, Requests: test.requests}
		if got := r.RateMissed(); got-test.want > 1e-9 || test.want-got > 1e-9 {
			t.Errorf("%d of %d: missed by %g, want %g", test.requests, test.planned, got, test.want)
		}
	}
}

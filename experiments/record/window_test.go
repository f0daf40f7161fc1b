package record

import (
	"strings"
	"testing"

	"lflab/experiments/stats"
)

func TestWindowGate(t *testing.T) {
	phase := func(requests, recorded int64, latency, d float64, e *Edges) *PhaseResult {
		return &PhaseResult{Name: "open", Latency: stats.Dist{Count: requests, Max: latency}, SendLag: stats.Dist{Count: requests, Max: 0.1e6},
			D: &stats.Dist{Count: recorded, Max: d}, Edges: e}
	}
	for _, c := range []struct {
		name string
		p    *PhaseResult
		ok   bool
		says string
	}{
		{"all alike", phase(1000, 1000, 2e6, 2.1e6, nil), true, "D has 1000 values of 1000 requests and is 2.100 ms at most, beside a latency of 2.000 ms and a send lag of 0.100 ms"},
		{"a value of the warm-up", phase(1000, 1000, 2e6, 2.2e6, nil), false, "2.200 ms"},
		{"1 % more", phase(1000, 1010, 2e6, 1e6, nil), true, "1010 values"},
		{"1 % less", phase(1000, 990, 2e6, 1e6, nil), true, "990 values"},
		{"the warm-up too", phase(1000, 1011, 2e6, 1e6, nil), false, "1011 values"},
		{"some are missing", phase(1000, 989, 2e6, 1e6, nil), false, "989 values"},
		{"few requests", phase(50, 54, 2e6, 1e6, nil), true, ""},
		{"few requests, and more", phase(50, 55, 2e6, 1e6, nil), false, ""},
		{"a queue of the warm-up", phase(1000, 1040, 2e6, 5e6, &Edges{Carried: 40, CarriedLongestNS: 5e6}), true, "40 came from the warm-up"},
		{"a longer one", phase(1000, 1051, 2e6, 5e6, &Edges{Carried: 40, CarriedLongestNS: 5e6}), false, ""},
		{"a queue at the end", phase(1000, 900, 2e6, 1e6, &Edges{Late: 60, Unanswered: 30}), true, "60 were sent after the end; 30 had no answer"},
		{"without stamps", phase(1000, 0, 2e6, 0, &Edges{Unstamped: 990}), true, "990 had no stamp"},
		{"no more than was recorded", phase(1000, 990, 2e6, 0, &Edges{Unstamped: 990}), false, ""},
		{"cut off", phase(100, 70, 2e6, 0, &Edges{Unfinished: 30}), true, "30 may have been cut off"},
	} {
		g, ok := c.p.WindowGate()
		if !ok || g.OK != c.ok || g.Name != "window" || g.Phase != "open" || !strings.Contains(g.Detail, c.says) || g.OK != (g.Value <= g.Limit) {
			t.Errorf("%s: %+v, want ok %v and %q", c.name, g, c.ok, c.says)
		}
	}
	if _, ok := (&PhaseResult{D: &stats.Dist{Count: 5}}).WindowGate(); ok {
		t.Error("a phase without a load was judged")
	}
	if g, ok := (&PhaseResult{Latency: stats.Dist{Count: 100, Max: 5}}).WindowGate(); !ok || g.OK {
		t.Errorf("nothing was recorded of 100 requests: %+v", g)
	}
}

// TestFlightWindow: only runs of a format since 3 leave out the warm-up.
func TestFlightWindow(t *testing.T) {
	for format, want := range map[int]string{0: "with warm-up", 1: "with warm-up", 2: "with warm-up", ManifestFormat: "of the measured time"} {
		m := Manifest{Format: format}
		if m.FlightCovers() != want || m.FlightWindow() != (want == "of the measured time") {
			t.Errorf("format %d: %s", format, m.FlightCovers())
		}
	}
}

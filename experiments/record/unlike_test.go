package record

import (
	"slices"
	"testing"

	"lflab/experiments/suite"
)

// Two runs are alike if their loads are, whatever the titles and durations of
// the phases. A phase of only one run is no difference.
func TestUnlike(t *testing.T) {
	run := func(phases ...Phase) *Run { return &Run{Manifest: Manifest{Phases: phases}} }
	closed := Phase{Name: "closed", Title: "a closed loop", Path: "/hello", Connections: 32, DurationS: 0.5}
	for _, c := range []struct {
		name   string
		change func(*Phase)
		want   []string
	}{
		{"nothing", func(*Phase) {}, nil},
		{"its title and its time", func(p *Phase) { p.Title, p.WarmupS, p.DurationS = "closed", 1, 3 }, nil},
		{"connections", func(p *Phase) { p.Connections = 64 }, []string{"phase closed: connections is 32 in the first and 64 in the second"}},
		{"path", func(p *Phase) { p.Path = "/bytes" }, []string{`phase closed: path is "/hello" in the first and "/bytes" in the second`}},
		{"a rate", func(p *Phase) { p.Rate, p.Arrivals = 100, "poisson" },
			[]string{`phase closed: arrivals is none in the first and "poisson" in the second`, "phase closed: rate is none in the first and 100 in the second"}},
		{"by mode", func(p *Phase) { p.ConnectionsByMode = map[string]int{"close": 3} },
			[]string{`phase closed: connections_by_mode is none in the first and {"close":3} in the second`}},
		{"background", func(p *Phase) { p.Background = &suite.Background{Idle: 80} }, []string{`phase closed: background is none in the first and {"idle":80} in the second`}},
		{"probe", func(p *Phase) { p.Probe = "records" }, []string{`phase closed: probe is none in the first and "records" in the second`}},
		{"its name", func(p *Phase) { p.Name, p.Connections = "other", 64 }, nil},
	} {
		other := closed
		c.change(&other)
		if got := Unlike(run(closed), run(other)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

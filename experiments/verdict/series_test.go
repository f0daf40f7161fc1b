package verdict

import (
	"math"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// alongWork makes a run in which leader takes factors[i] times worker's time at
// the i-th amount of work.
func alongWork(factors []float64, blocks int, q suite.Rule) *record.Run {
	work := record.Axis{Name: "work"}
	at := map[string]float64{}
	for i, f := range factors {
		v := []string{"0", "500ns", "2us", "10us", "1ms"}[i] // durations are compared as numbers of µs
		work.Values, at[v] = append(work.Values, v), f
	}
	return made([]record.Axis{mpms, work}, blocks, func(c record.Cell, block int) float64 {
		d := 30_000 * drift(block) * noise(c, block)
		if c["mpm"] == "leader" {
			d *= at[c["work"]]
		}
		return d
	}, q)
}

func trendTowards(x float64) suite.Rule {
	q := leaderToWorker(suite.RuleTrend)
	q.Along, q.Towards = "work", x
	return q
}

func TestTrend(t *testing.T) {
	for _, c := range []struct {
		name    string
		factors []float64
		blocks  int
		want    Outcome
		why     string
	}{
		{"from below", []float64{0.5, 0.6, 0.75, 0.9}, 6, Confirmed, "at work = 0 to 0.9"},
		{"from above", []float64{2, 1.6, 1.3, 1.05}, 6, Confirmed, "approaches 1"},
		{"away", []float64{0.9, 0.75, 0.6, 0.5}, 6, Contradicted, "goes away from 1 between 0 and 500ns"},
		{"a hump", []float64{0.5, 0.6, 0.4, 0.9}, 6, Contradicted, "goes away from 1 between 500ns and 2us"},
		{"flat", []float64{0.7, 0.7, 0.7, 0.7}, 6, Undecided, "no trend could be shown"},
		{"too few", []float64{0.5, 0.6, 0.75, 0.9}, 5, Undecided, "at 0 5 blocks have both"},
		{"away, too few", []float64{0.9, 0.75, 0.6, 0.5}, 5, Undecided, "6 are needed"},
		{"one level", []float64{0.5}, 6, Undecided, "one level alone"},
	} {
		v := Judge(alongWork(c.factors, c.blocks, trendTowards(1)))
		if v.Outcome != c.want || !strings.Contains(v.Reason, c.why) {
			t.Errorf("%s: %s", c.name, v.Sentence())
		}
		if s := v.Rules[0].Series; len(s) != 1 || len(s[0].Levels) != len(c.factors) || s[0].At[0] != 0 || len(s[0].At) > 1 && s[0].At[1] != 0.5 {
			t.Errorf("%s: series %+v", c.name, s)
		}
	}
	// The same ratios approach 0.5 from the value that they ended with.
	if v := Judge(alongWork([]float64{0.9, 0.75, 0.6, 0.51}, 6, trendTowards(0.5))); v.Outcome != Confirmed {
		t.Errorf("towards 0.5: %s", v.Sentence())
	}
}

func crossing(below bool) suite.Rule {
	q := leaderToWorker(suite.RuleCrossing)
	q.Along, q.Margin = "work", 0.05
	if q.Below = 1; !below {
		q.Below, q.Above = 0, 1
	}
	return q
}

func TestCrossing(t *testing.T) {
	for _, c := range []struct {
		name    string
		factors []float64
		blocks  int
		below   bool
		want    Outcome
		why     string
	}{
		{"begins below, ends above", []float64{0.7, 0.9, 1.1, 1.4}, 9, true, Confirmed, "passes 1 at work = 1."},
		{"the other way", []float64{0.7, 0.9, 1.1, 1.4}, 9, false, Contradicted, "passes 1 the other way"},
		{"begins above, ends below", []float64{1.4, 1.1, 0.9, 0.7}, 9, false, Confirmed, "passes 1 at work = "},
		{"all below", []float64{0.7, 0.8, 0.9, 0.9}, 9, true, Contradicted, "below 1 at every level"},
		{"all above", []float64{1.7, 1.8, 1.9, 1.2}, 9, true, Contradicted, "above 1 at every level"},
		{"all near 1", []float64{1, 1.01, 1, 0.99}, 9, true, Equivalent, "within 5 % of 1"},
		{"comes to 1", []float64{0.7, 0.8, 0.9, 1}, 9, true, Undecided, "below 1 at 0 and across 1 at 10us"},
		{"passes and comes back", []float64{0.7, 1.2, 1.2, 0.8}, 9, true, Undecided, "below 1 at 0 and below 1 at 10us"},
		{"too few", []float64{0.7, 0.9, 1.1, 1.4}, 5, true, Undecided, "6 are needed"},
	} {
		v := Judge(alongWork(c.factors, c.blocks, crossing(c.below)))
		if v.Outcome != c.want || !strings.Contains(v.Reason, c.why) {
			t.Errorf("%s: %s", c.name, v.Sentence())
		}
	}
}

// TestPlace: between 0.9 at 0.5 µs and 1.1 at 2 µs the logarithm passes 0 at
// 0.5 + 1.5 ln(1/0.9) / ln(1.1/0.9) = 1.2876.
func TestPlace(t *testing.T) {
	s := Judge(alongWork([]float64{0.7, 0.9, 1.1, 1.4}, 8, crossing(true))).Rules[0].Series[0]
	want := 0.5 + 1.5*math.Log(1/0.9)/math.Log(1.1/0.9)
	if math.Abs(s.Place.Center-want) > 0.05 || !s.Place.Contains(want) || s.Place.N != 8 {
		t.Errorf("passes at %+v, want %.4f in every one of 8 blocks", s.Place, want)
	}
	for _, c := range []struct {
		ratios []float64
		below  bool
		want   float64
	}{
		{[]float64{0.5, 2}, true, 5}, {[]float64{2, 0.5}, false, 5}, {[]float64{0.5, 1}, true, 10},
		{[]float64{0.5, 0.9}, true, math.NaN()}, {[]float64{2, 0.5}, true, math.NaN()}, {[]float64{0, 2}, true, math.NaN()},
	} {
		if got := passes([]float64{0, 10}, c.ratios, c.below); math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%v, below %v: %g, want %g", c.ratios, c.below, got, c.want)
		}
	}
}

// TestSeriesByMode has a series for each value of the other axis. One series in
// the opposite direction refutes a rule about all of them, but not a rule about
// any.
func TestSeriesByMode(t *testing.T) {
	for _, c := range []struct {
		each string
		want Outcome
	}{{suite.EachAll, Contradicted}, {suite.EachAny, Confirmed}} {
		axes := []record.Axis{mpms, {Name: "work", Values: []string{"0", "1", "2"}}, {Name: "mode", Values: []string{"close", "keepalive"}}}
		v := Judge(made(axes, 6, func(cell record.Cell, block int) float64 {
			d := 30_000 * drift(block) * noise(cell, block)
			if cell["mpm"] == "leader" {
				w := float64(cell["work"][0] - '0')
				if cell["mode"] == "keepalive" {
					w = 2 - w
				}
				d *= 0.5 + 0.2*w
			}
			return d
		}, each(trendTowards(1), c.each)))
		r := v.Rules[0]
		if v.Outcome != c.want || len(r.Series) != 2 || len(r.Pairs) != 6 {
			t.Errorf("%s: %d series, %d pairs: %s", c.each, len(r.Series), len(r.Pairs), v.Sentence())
		}
		for _, s := range r.Series {
			for _, p := range s.Levels {
				if p.Of.Cell["mode"] != s.Levels[0].Of.Cell["mode"] || p.Shared != "mode = "+p.Of.Cell["mode"] {
					t.Errorf("a series of several modes: %v, %q", p.Of.Cell, p.Shared)
				}
			}
		}
	}
}

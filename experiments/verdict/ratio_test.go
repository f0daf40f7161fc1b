package verdict

import (
	"math"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// TestRatio checks ratios on each side of every bound, and across it.
func TestRatio(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   suite.Rule
		factor float64
		want   Outcome
	}{
		{"below 1, far below", ratioBelow(1), 0.7, Confirmed},
		{"below 1, far above", ratioBelow(1), 1.3, Refuted},
		{"below 1, just there", ratioBelow(1), 1, Undecided},
		{"below 1, below it, but the cells' values overlap", ratioBelow(1), 0.97, Undecided},
		{"below 0.8, below it", ratioBelow(0.8), 0.7, Confirmed},
		{"below 0.8, between it and 1", ratioBelow(0.8), 0.9, Refuted},
		{"below 0.8, across it", ratioBelow(0.8), 0.8, Undecided},
		{"above 1, far above", ratioAbove(1), 1.3, Confirmed},
		{"above 1, far below", ratioAbove(1), 0.7, Refuted},
		{"above 1.2, above it", ratioAbove(1.2), 1.3, Confirmed},
		{"above 1.2, between 1 and it", ratioAbove(1.2), 1.1, Refuted},
		{"differs by 5 %, less", ratioDiffers(0.05), 0.8, Confirmed},
		{"differs by 5 %, more", ratioDiffers(0.05), 1.25, Confirmed},
		{"differs by 5 %, equal", ratioDiffers(0.05), 1, Refuted},
		{"differs by 5 %, a little", ratioDiffers(0.05), 0.97, Refuted},
		{"differs by 5 %, across", ratioDiffers(0.05), 1.05, Undecided},
	} {
		v := Judge(pairOf(c.factor, 6, c.rule))
		if v.Outcome != c.want {
			t.Errorf("%s: %s\n%s", c.name, v.Outcome, v.Sentence())
		}
		if r := v.Rules[0]; r.Outcome != v.Outcome || len(r.Pairs) != 1 {
			t.Errorf("%s: the rule is %s with %d pairs, the whole %s", c.name, r.Outcome, len(r.Pairs), v.Outcome)
		}
	}
}

// TestDrift checks that a change common to all cells of a block does not widen
// the ratio's interval, though it spreads the cells' values.
func TestDrift(t *testing.T) {
	p := Judge(pairOf(0.9, 12, ratioBelow(0.95))).Rules[0].Pairs[0]
	if w := p.Interval.Hi - p.Interval.Lo; w > 0.02 {
		t.Errorf("ratio %s: blocks drift by a third, their ratios by 2 %% at most", p.Interval)
	}
	if s := p.Of.Median.Hi / p.Of.Median.Lo; s < 1.15 {
		t.Errorf("the data do not drift: %s", p.Of.Median)
	}
}

func TestFewBlocksNeverDecide(t *testing.T) {
	for _, rule := range []suite.Rule{ratioBelow(1), ratioAbove(1), ratioDiffers(0.05)} {
		for _, factor := range []float64{0.1, 1, 10} {
			if v := Judge(pairOf(factor, 5, rule)); v.Outcome != Undecided || !strings.Contains(v.Reason, "5 blocks have both, 6 are needed") {
				t.Errorf("%s, factor %g: %s", Claimed(rule), factor, v.Sentence())
			}
		}
	}
}

// TestInvalidTrialsAreLeftOut: with the invalid trials the claim would hold,
// without them one block is missing. The verdict contains no value of them.
func TestInvalidTrialsAreLeftOut(t *testing.T) {
	run := pairOf(0.7, 6, ratioBelow(1))
	spoil(run, 1, "leader")
	v := Judge(run)
	if v.Outcome != Undecided || !strings.Contains(v.Reason, "5 of 6 trials of leader are valid") {
		t.Errorf("one of six does not count: %s", v.Sentence())
	}
	run = pairOf(0.7, 8, ratioBelow(1))
	spoil(run, 2, "leader")
	for i := range run.Trials[:4] {
		if run.Trials[i].Cell["mpm"] == "leader" {
			run.Trials[i].Phases[0].D.P50 = 1e12
		}
	}
	p := Judge(run).Rules[0].Pairs[0]
	if p.Of.Valid != 6 || p.Of.Trials != 8 || p.Interval.N != 6 || p.Of.Median.Hi > 1e6 || p.To.Median.N != 8 {
		t.Errorf("6 of 8 count: %+v", p)
	}
	run = pairOf(0.7, 6, ratioBelow(1))
	spoil(run, 6, "leader")
	if v := Judge(run); v.Outcome != Undecided || !strings.Contains(v.Reason, "none of the 6 trials of leader is valid") {
		t.Errorf("none counts: %s", v.Sentence())
	}
}

func TestMissingMetric(t *testing.T) {
	q := ratioBelow(1)
	q.Metric = "probe_D_p50_ns"
	run := pairOf(0.7, 6, q)
	run.Manifest.Skipped = []string{"floor: no cc", "probe: CAP_BPF is missing (be root)"}
	v := Judge(run)
	if v.Outcome != Undecided || !strings.Contains(v.Reason, "probe_D_p50_ns was not measured in phase open of leader (probe: CAP_BPF is missing (be root))") || strings.Contains(v.Reason, "floor") {
		t.Errorf("%s", v.Sentence())
	}
	q.Metric = "beauty"
	if v := Judge(pairOf(0.7, 6, q)); v.Outcome != Undecided || !strings.Contains(v.Reason, `"beauty" is not a metric`) {
		t.Errorf("%s", v.Sentence())
	}
	q = ratioBelow(1)
	q.To = suite.Match{"mpm": {"event"}}
	run = pairOf(0.7, 6, q)
	run.Manifest.Skipped = []string{"event: no such program"}
	if v := Judge(run); v.Outcome != Undecided || !strings.Contains(v.Reason, "to mpm = event); left out here: event: no such program") {
		t.Errorf("%s", v.Sentence())
	}
}

// TestEach: with closing connections leader is faster. With kept connections it
// is equally fast or slower.
func TestEach(t *testing.T) {
	modes := record.Axis{Name: "mode", Values: []string{"close", "keepalive"}}
	for _, c := range []struct {
		close, keepalive float64
		each             string
		want             Outcome
	}{
		{0.7, 0.7, suite.EachAll, Confirmed}, {0.7, 1, suite.EachAll, Undecided}, {0.7, 1.3, suite.EachAll, Refuted}, {1, 1.3, suite.EachAll, Refuted},
		{0.7, 1.3, suite.EachAny, Confirmed}, {1, 1.3, suite.EachAny, Undecided}, {1.3, 1.3, suite.EachAny, Refuted},
	} {
		run := pairOf(1, 6, each(ratioBelow(1), c.each), modes)
		for i := range run.Trials {
			if tr := &run.Trials[i]; tr.Cell["mpm"] == "leader" {
				tr.Phases[0].D.P50 *= map[string]float64{"close": c.close, "keepalive": c.keepalive}[tr.Cell["mode"]]
			}
		}
		if v := Judge(run); v.Outcome != c.want || len(v.Rules[0].Pairs) != 2 {
			t.Errorf("%g and %g, %s: %s", c.close, c.keepalive, c.each, v.Sentence())
		}
	}
	// Where restricts the rule to some cells.
	q := each(ratioBelow(1), suite.EachAll)
	q.Where = suite.Match{"mode": {"close"}}
	if v := Judge(pairOf(0.7, 6, q, modes)); len(v.Rules[0].Pairs) != 1 || v.Rules[0].Pairs[0].Of.Cell["mode"] != "close" {
		t.Errorf("where mode = close: %+v", v.Rules[0].Pairs)
	}
}

// TestHolm: six values against six reach p = 2/924 at best. A single pair can
// support the rule. Among thirty pairs none can, and the verdict says so.
func TestHolm(t *testing.T) {
	best := 2.0 / 924
	threads := record.Axis{Name: "threads"}
	for _, c := range []struct {
		cells int
		want  Outcome
	}{{1, Confirmed}, {20, Confirmed}, {30, Undecided}} {
		threads.Values = nil
		for i := range c.cells {
			threads.Values = append(threads.Values, number(float64(i+1)))
		}
		v := Judge(pairOf(0.5, 6, ratioBelow(1), threads))
		p := v.Rules[0].Pairs[0]
		if math.Abs(p.P-best) > 1e-12 || math.Abs(p.Holm-best*float64(c.cells)) > 1e-12 {
			t.Errorf("%d pairs: p %g, corrected %g", c.cells, p.P, p.Holm)
		}
		if v.Outcome != c.want {
			t.Errorf("%d pairs: %s", c.cells, v.Sentence())
		}
		if c.want == Undecided && !strings.Contains(v.Reason, "among 30 pairs so few blocks cannot show a difference, the least p being 0.065") {
			t.Errorf("%s", v.Sentence())
		}
	}
	threads.Values = threads.Values[:0]
	for i := range 30 {
		threads.Values = append(threads.Values, number(float64(i+1)))
	}
	if v := Judge(pairOf(0.5, 8, ratioBelow(1), threads)); v.Outcome != Confirmed {
		t.Errorf("eight blocks, 30 pairs: %s", v.Sentence())
	}
}

// TestNothing compares counts of 0: only leader allocates nothing, neither
// allocates anything, only worker allocates nothing.
func TestNothing(t *testing.T) {
	for _, c := range []struct {
		leader, worker float64
		want           Outcome
	}{{0, 3, Confirmed}, {0, 0, Refuted}, {3, 0, Refuted}} {
		q := ratioBelow(1)
		q.Metric = "allocations_per_request"
		v := Judge(made([]record.Axis{mpms}, 6, func(cell record.Cell, _ int) float64 {
			if cell["mpm"] == "leader" {
				return c.leader
			}
			return c.worker
		}, q))
		if v.Outcome != c.want {
			t.Errorf("%g against %g: %s", c.leader, c.worker, v.Sentence())
		}
	}
	// For an odd number of values the median is one of the ratios, whether
	// above 1 or below.
	iv := summarise(map[int]float64{0: 2, 1: math.Inf(1), 2: 1, 3: 4, 4: 0.5, 5: 1.5, 6: 3})
	if math.Abs(iv.Center-2) > 1e-12 || math.Abs(iv.Lo-0.5) > 1e-12 || !math.IsInf(iv.Hi, 1) || iv.N != 7 {
		t.Errorf("%+v", iv)
	}
}

// TestOtherMetricAndPhase checks that a rule may compare two metrics of one
// cell.
func TestOtherMetricAndPhase(t *testing.T) {
	q := suite.Rule{Title: "D / H", Kind: suite.RuleRatio, Metric: "D_p50_ns", ToMetric: "H_p50_ns", Phase: "open", Below: 4}
	v := Judge(pairOf(1, 6, q))
	if v.Outcome != Confirmed || len(v.Rules[0].Pairs) != 2 {
		t.Errorf("3 hand-offs: %s", v.Sentence())
	}
	q.ToMetric, q.ToPhase = "", "closed"
	run := pairOf(1, 6, q)
	for i := range run.Trials {
		closed := run.Trials[i].Phases[0]
		closed.Name, closed.D = "closed", &stats.Dist{P50: 60_000 * drift(run.Trials[i].Repetition)}
		run.Trials[i].Phases = append(run.Trials[i].Phases, closed)
	}
	if v := Judge(run); v.Outcome != Confirmed || !strings.Contains(v.Sentence(), "in phase open against 64.5 µs [60.0, 69.0] in phase closed") {
		t.Errorf("half: %s", v.Sentence())
	}
}

// TestGain checks worker's excess over leader in units of a hand-off latency of
// 10 µs.
func TestGain(t *testing.T) {
	for _, c := range []struct {
		factor float64 // leader's time in units of 30 µs
		blocks int
		want   Outcome
	}{{0.8, 6, Confirmed}, {0.98, 6, Refuted}, {1.5, 6, Refuted}, {0.9333, 6, Undecided}, {0.8, 5, Undecided}} {
		q := leaderToWorker(suite.RuleGain)
		q.Above, q.Unit = 0.2, "H_p50_ns"
		v := Judge(pairOf(c.factor, c.blocks, q))
		if v.Outcome != c.want {
			t.Errorf("factor %g, %d blocks: %s", c.factor, c.blocks, v.Sentence())
		}
		if want := 3 * (1 - c.factor); math.Abs(v.Rules[0].Pairs[0].Interval.Center-want) > 0.06 {
			t.Errorf("factor %g: gain %s, want %.3f", c.factor, v.Rules[0].Pairs[0].Interval, want)
		}
	}
}

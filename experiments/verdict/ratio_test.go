package verdict

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// TestRatio checks ratios on each side of every bound, and across it.
func TestRatio(t *testing.T) {
	margin := func(q suite.Rule) suite.Rule { q.Margin = 0.05; return q }
	within := leaderToWorker(suite.RuleRatio)
	within.Within = 0.05
	for _, c := range []struct {
		name   string
		rule   suite.Rule
		factor float64
		want   Outcome
	}{
		{"below 1, far below", ratioBelow(1), 0.7, Confirmed},
		{"below 1, far above", ratioBelow(1), 1.3, Contradicted},
		{"below 1, just there", ratioBelow(1), 1, Undecided},
		{"below 1, just there, with a margin", margin(ratioBelow(1)), 1, Equivalent},
		{"below 1, a little below, with a margin", margin(ratioBelow(1)), 0.97, Confirmed},
		{"below 1, a little above, with a margin", margin(ratioBelow(1)), 1.03, Contradicted},
		{"below 0.8, below it", ratioBelow(0.8), 0.7, Confirmed},
		{"below 0.8, between it and 1", ratioBelow(0.8), 0.9, Smaller},
		{"below 0.8, at 1", ratioBelow(0.8), 1, Smaller},
		{"below 0.8, at 1, with a margin", margin(ratioBelow(0.8)), 1, Equivalent},
		{"below 0.8, above 1", ratioBelow(0.8), 1.1, Contradicted},
		{"below 0.8, across it", ratioBelow(0.8), 0.8, Undecided},
		{"below 1.1, no more than that", ratioBelow(1.1), 1.05, Confirmed},
		{"below 1.1, above it", ratioBelow(1.1), 1.2, Contradicted},
		{"above 1, far above", ratioAbove(1), 1.3, Confirmed},
		{"above 1, far below", ratioAbove(1), 0.7, Contradicted},
		{"above 1.2, above it", ratioAbove(1.2), 1.3, Confirmed},
		{"above 1.2, between 1 and it", ratioAbove(1.2), 1.1, Smaller},
		{"above 1.2, below 1", ratioAbove(1.2), 0.9, Contradicted},
		{"differs by 5 %, less", ratioDiffers(0.05), 0.8, Confirmed},
		{"differs by 5 %, more", ratioDiffers(0.05), 1.25, Confirmed},
		{"differs by 5 %, equal", ratioDiffers(0.05), 1, Equivalent},
		{"differs by 5 %, a little", ratioDiffers(0.05), 0.97, Equivalent},
		{"differs by 5 %, across", ratioDiffers(0.05), 1.05, Undecided},
		{"within 5 %, equal", within, 1, Confirmed},
		{"within 5 %, less", within, 0.9, Contradicted},
		{"within 5 %, more", within, 1.1, Contradicted},
		{"within 5 %, across", within, 1.05, Undecided},
	} {
		v := Judge(pairOf(c.factor, 9, c.rule))
		if v.Outcome != c.want {
			t.Errorf("%s: %s\n%s", c.name, v.Outcome, v.Sentence())
		}
		if r := v.Rules[0]; r.Outcome != v.Outcome || len(r.Pairs) != 1 {
			t.Errorf("%s: the rule is %s with %d pairs, the whole %s", c.name, r.Outcome, len(r.Pairs), v.Outcome)
		}
	}
}

// TestMirror checks, for any intervals, that a ratio claimed to be below a
// bound has the outcome that its reciprocal has if it is claimed to be above
// the reciprocal of the bound.
func TestMirror(t *testing.T) {
	positive := rapid.Float64Range(0.25, 4)
	rapid.Check(t, func(t *rapid.T) {
		bound, margin := positive.Draw(t, "bound"), rapid.SampledFrom([]float64{0, 0.05, 0.3}).Draw(t, "margin")
		if rapid.Bool().Draw(t, "one") {
			bound = 1
		}
		interval := func(name string) (iv, mirrored stats.Interval) {
			lo, hi := positive.Draw(t, name), positive.Draw(t, name)
			lo, hi = min(lo, hi), max(lo, hi)
			return stats.Interval{Lo: lo, Hi: hi}, stats.Interval{Lo: 1 / hi, Hi: 1 / lo}
		}
		confirm, confirmMirrored := interval("confirm")
		against, againstMirrored := interval("against")
		below, above := ratioBelow(bound), ratioAbove(1/bound)
		below.Margin, above.Margin = margin, margin
		if a, b := decide(below, confirm, against), decide(above, confirmMirrored, againstMirrored); a != b {
			t.Fatalf("%v and %v below %g: %s, mirrored: %s", confirm, against, bound, a, b)
		}
		for _, q := range []suite.Rule{ratioDiffers(margin), {Kind: suite.RuleRatio, Within: margin}} {
			if a, b := decide(q, confirm, against), decide(q, confirmMirrored, againstMirrored); a != b && margin > 0 {
				t.Fatalf("%v and %v, %s: %s, mirrored: %s", confirm, against, Claimed(q), a, b)
			}
		}
	})
}

// TestMirrorOfARun exchanges the names of the cells of whole runs of any
// spread: the verdict on worker / leader is the mirror of leader / worker.
func TestMirrorOfARun(t *testing.T) {
	mirror := map[Outcome]Outcome{Confirmed: Contradicted, Contradicted: Confirmed, Equivalent: Equivalent, Undecided: Undecided}
	rng := rand.New(rand.NewPCG(9, 9))
	seen := map[Outcome]int{}
	for range 150 {
		factor, blocks, spread := math.Exp(0.1*rng.NormFloat64()), 6+rng.IntN(12), 0.2*rng.Float64()
		q := ratioBelow(1)
		q.Margin = 0.05
		run := made([]record.Axis{mpms}, blocks, func(c record.Cell, block int) float64 {
			d := 30_000 * drift(block) * math.Exp(spread*rng.NormFloat64())
			if c["mpm"] == "leader" {
				d *= factor
			}
			return d
		}, q)
		v := Judge(run)
		run.Manifest.Rules[0].Of, run.Manifest.Rules[0].To = q.To, q.Of
		if turned := Judge(run); turned.Outcome != mirror[v.Outcome] {
			t.Fatalf("%s\nthe other way round: %s", v.Sentence(), turned.Sentence())
		}
		seen[v.Outcome]++
	}
	if len(seen) < 4 {
		t.Errorf("the data show only %v", seen)
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
	if v.Outcome != NotTestable || v.Reason != "median dispatch latency D by the probe needs the kernel probe: CAP_BPF is missing (be root)" {
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
	if v := Judge(run); v.Outcome != NotTestable || !strings.Contains(v.Reason, "to mpm = event); left out here: event: no such program") {
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
		{0.7, 0.7, suite.EachAll, Confirmed}, {0.7, 1, suite.EachAll, Undecided}, {0.7, 1.3, suite.EachAll, Contradicted}, {1, 1.3, suite.EachAll, Contradicted},
		{0.7, 1.3, suite.EachAny, Confirmed}, {1, 1.3, suite.EachAny, Undecided}, {1.3, 1.3, suite.EachAny, Contradicted},
	} {
		run := pairOf(1, 9, each(ratioBelow(1), c.each), modes)
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

// TestAmong: eight blocks reach p = 2/256 at best. That suffices if all pairs
// must agree, however many they are, and if any of a few suffices. Among thirty
// of which any suffices none can be shown, and the verdict says so.
func TestAmong(t *testing.T) {
	for _, c := range []struct {
		each  string
		cells int
		want  Outcome
	}{{suite.EachAll, 1, Confirmed}, {suite.EachAll, 30, Confirmed}, {suite.EachAny, 6, Confirmed}, {suite.EachAny, 30, Undecided}} {
		threads := record.Axis{Name: "threads"}
		for i := range c.cells {
			threads.Values = append(threads.Values, number(float64(i+1)))
		}
		v := Judge(pairOf(0.5, 8, each(ratioBelow(1), c.each), threads))
		if p := v.Rules[0].Pairs[0]; math.Abs(p.Effect.P-2.0/256) > 1e-12 {
			t.Errorf("%d pairs: p %g", c.cells, p.Effect.P)
		}
		if v.Outcome != c.want {
			t.Errorf("%s of %d pairs: %s", c.each, c.cells, v.Sentence())
		}
		if c.want == Undecided && !strings.Contains(v.Reason, "among 30 pairs so few blocks cannot show it; about 11 blocks would decide it with a probability of 80 % (3 more") {
			t.Errorf("%s", v.Sentence())
		}
		// One pair of many that contradicts by chance does not decide: its
		// interval must exclude the bound at a stricter level.
		if v := Judge(pairOf(2, 8, each(ratioBelow(1), c.each), threads)); c.cells == 30 && (v.Outcome == Contradicted) != (c.each == suite.EachAny) {
			t.Errorf("%s of %d pairs, doubled: %s", c.each, c.cells, v.Sentence())
		}
	}
}

// TestNothing compares counts of 0: only leader allocates nothing, neither
// allocates anything, only worker allocates nothing.
func TestNothing(t *testing.T) {
	for _, c := range []struct {
		leader, worker float64
		want           Outcome
	}{{0, 3, Confirmed}, {0, 0, Smaller}, {3, 0, Contradicted}} {
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
	}{{0.8, 9, Confirmed}, {0.98, 9, Smaller}, {1.5, 9, Contradicted}, {0.9333, 9, Undecided}, {0.8, 5, Undecided}} {
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

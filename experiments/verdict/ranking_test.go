package verdict

import (
	"math"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// primitives makes a run in which means holds the latency of each primitive in
// each place.
func primitives(means map[string][]float64, blocks int) *record.Run {
	axes := []record.Axis{{Name: "primitive", Values: []string{"futex", "eventfd", "pipe"}}, {Name: "place", Values: []string{"same", "cross"}}}
	return made(axes, blocks, func(c record.Cell, block int) float64 {
		for i, p := range axes[0].Values {
			if p == c["primitive"] {
				return means[c["place"]][i] * drift(block) * noise(c, block)
			}
		}
		return 0
	}, suite.Rule{Title: "order of primitives", Kind: suite.RuleRanking, Metric: "D_p50_ns", Phase: "open", Axis: "primitive"})
}

func TestRanking(t *testing.T) {
	for _, c := range []struct {
		name   string
		means  map[string][]float64
		blocks int
		want   Outcome
		why    string
		tau    float64
	}{
		{"another order", map[string][]float64{"same": {1000, 2000, 3000}, "cross": {3000, 2000, 1000}}, 9, Confirmed,
			"with place = same, futex's median dispatch latency D is", -1},
		{"two change places", map[string][]float64{"same": {1000, 2000, 3000}, "cross": {1000, 3000, 2000}}, 9, Confirmed, "with place = cross, eventfd's", 1. / 3},
		{"one order", map[string][]float64{"same": {1000, 2000, 3000}, "cross": {5000, 9000, 20000}}, 9, Contradicted,
			"3 of 3 pairs of values differ, in all 2 conditions and alike in all of them; Kendall's tau between conditions is 1.00 at least (place = same and place = cross, 3 values)", 1},
		{"a tie in one place", map[string][]float64{"same": {1000, 2000, 3000}, "cross": {1000, 1000, 3000}}, 9, Undecided, "3 of 3 pairs of values differ, 2 of them in all 2 conditions", math.NaN()},
		{"all alike", map[string][]float64{"same": {1000, 1000, 1000}, "cross": {1000, 1000, 1000}}, 9, Undecided, "none of 3 pairs of values differs", math.NaN()},
		{"too few", map[string][]float64{"same": {1000, 2000, 3000}, "cross": {3000, 2000, 1000}}, 5, Undecided, "5 blocks have both, 6 are needed", -1},
	} {
		v := Judge(primitives(c.means, c.blocks))
		r := v.Rules[0]
		if v.Outcome != c.want || !strings.Contains(v.Reason, c.why) {
			t.Errorf("%s: %s", c.name, v.Sentence())
		}
		if len(r.Pairs) != 6 || len(r.Ranking.Conditions) != 2 || len(r.Ranking.Taus) != 1 {
			t.Fatalf("%s: %d pairs, %+v", c.name, len(r.Pairs), r.Ranking)
		}
		if tau := r.Ranking.Taus[0].Tau; !math.IsNaN(c.tau) && math.Abs(tau-c.tau) > 1e-12 {
			t.Errorf("%s: tau %g, want %g", c.name, tau, c.tau)
		}
	}
}

// TestRankingOfOneCondition has no other condition to compare with.
func TestRankingOfOneCondition(t *testing.T) {
	run := primitives(map[string][]float64{"same": {1000, 2000, 3000}, "cross": {3000, 2000, 1000}}, 6)
	run.Manifest.Rules[0].Where = suite.Match{"place": {"same"}}
	if v := Judge(run); v.Outcome != Undecided || !strings.Contains(v.Reason, "one condition alone") {
		t.Errorf("%s", v.Sentence())
	}
}

// TestRankingAmongMany checks that six blocks cannot show a difference among 42
// comparisons.
func TestRankingAmongMany(t *testing.T) {
	axes := []record.Axis{{Name: "primitive", Values: strings.Fields("a b c d e f g")}, {Name: "place", Values: []string{"same", "cross"}}}
	run := made(axes, 6, func(c record.Cell, block int) float64 {
		x := float64(c["primitive"][0])
		if c["place"] == "cross" {
			x = 1 / x
		}
		return x * x * x * noise(c, block)
	}, suite.Rule{Title: "order", Kind: suite.RuleRanking, Metric: "D_p50_ns", Phase: "open", Axis: "primitive"})
	if v := Judge(run); v.Outcome != Undecided || !strings.Contains(v.Reason, "among 42 comparisons, 6 blocks cannot show any") {
		t.Errorf("%s", v.Sentence())
	}
}

package verdict

import (
	"strings"
	"testing"

	"lflab/experiments/suite"
)

// A rule's claimed side holds the intervals that confirm it, and none that
// contradict it or show no difference.
func TestClaimedSideHoldsWhatConfirms(t *testing.T) {
	within := leaderToWorker(suite.RuleRatio)
	within.Within = 0.1
	gain := leaderToWorker(suite.RuleGain)
	gain.Above = 3000 // ns, in the metric's own unit
	seen := map[Outcome]bool{}
	for _, q := range []suite.Rule{ratioBelow(1), ratioBelow(0.8), ratioAbove(1), ratioDiffers(0.1), within, gain} {
		for _, factor := range []float64{0.6, 0.95, 1, 1.5} {
			r := &Judge(pairOf(factor, 8, q)).Rules[0]
			seen[r.Outcome] = true
			iv, inside := r.Decisive().Interval, false
			for _, s := range ClaimedSide(q) {
				per := UnitOf(q)
				inside = inside || s.Lo <= iv.Lo/per && iv.Hi/per <= s.Hi
			}
			if inside != (r.Outcome == Confirmed) {
				t.Errorf("%s of %g: %s is %s, on the claimed side: %v", Claimed(q), factor, iv, r.Outcome, inside)
			}
			if r.Effect() == "" || r.Blocks() != 8 {
				t.Errorf("%s: effect %q of %d blocks", Claimed(q), r.Effect(), r.Blocks())
			}
		}
	}
	if !seen[Confirmed] || !seen[Contradicted] {
		t.Errorf("outcomes %v", seen)
	}
}

// Of more pairs than are shown the deciding one is among those shown.
func TestShownHasTheDecidingPair(t *testing.T) {
	run := pairOf(0.7, 8, ratioBelow(1), suite.Axis{Name: "threads", Values: []string{"1", "2", "4", "8"}})
	r := &Judge(run).Rules[0]
	for most := 1; most <= 5; most++ {
		ps, decides := r.Shown(most), false
		for i, p := range ps {
			decides = decides || p == r.Decisive()
			for _, q := range ps[:i] {
				if p == q {
					t.Errorf("of %d shown one stands twice", most)
				}
			}
		}
		if len(ps) != min(most, len(r.Pairs)) || !decides {
			t.Errorf("%d of %d shown, %d pairs, the deciding one among them: %v", len(ps), most, len(r.Pairs), decides)
		}
	}
}

// A series has the effects of its ends, and a verdict without data none.
func TestEffectOfSeriesAndOfNothing(t *testing.T) {
	q := leaderToWorker(suite.RuleTrend)
	q.Along, q.Towards = "work", 1
	r := &Judge(pairOf(0.7, 8, q, suite.Axis{Name: "work", Values: []string{"0", "10"}})).Rules[0]
	if a, b, ok := strings.Cut(r.Effect(), " to "); !ok || a != r.Pairs[0].Effect.Interval.String() || b != r.Pairs[1].Effect.Interval.String() || r.Decisive() != nil || r.Blocks() != 8 {
		t.Errorf("%q, %d blocks", r.Effect(), r.Blocks())
	}
	empty := pairOf(0.7, 8, ratioBelow(1))
	empty.Trials = nil
	v := Judge(empty)
	if r := v.Decisive(); r == nil || r.Effect() != "" || r.Blocks() != 0 || v.Outcome.Mark() != "?" {
		t.Errorf("without trials: %+v", r)
	}
}

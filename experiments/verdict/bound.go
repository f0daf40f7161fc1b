package verdict

import (
	"fmt"
	"math"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// levels returns the levels at which one of k pairs is confirmed, and at which
// it is contradicted. What one pair alone may decide for all is corrected for
// the number of pairs (Bonferroni): confirmation if any pair suffices,
// contradiction if every pair must agree. What all must show needs no
// correction.
func levels(q suite.Rule, k int) (confirm, contradict float64) {
	if q.Each == suite.EachAny {
		return stats.Among(k), stats.Level
	}
	return stats.Level, stats.Among(k)
}

// everything is the interval of an effect about which nothing is known.
var everything = stats.Interval{Lo: math.Inf(-1), Hi: math.Inf(1)}

// at returns the effect's interval at a level, or everything if there are too
// few blocks for it.
func at(e stats.Effect, level float64) stats.Interval {
	if iv, ok := e.At(level); ok {
		return iv
	}
	return everything
}

// decide judges an effect by two intervals: confirm may confirm the rule or
// show equivalence, against may contradict it. If both are one interval, the
// outcome for a ratio and "below" is the one for its reciprocal and "above".
func decide(q suite.Rule, confirm, against stats.Interval) Outcome {
	inside := func(i stats.Interval, d float64) bool { return 1/(1+d) <= i.Lo && i.Hi <= 1+d }
	outside := func(i stats.Interval, d float64) bool { return i.Hi < 1/(1+d) || i.Lo > 1+d }
	equivalent := q.Kind != suite.RuleGain && q.Margin > 0 && inside(confirm, q.Margin)
	switch {
	case q.Within > 0 && inside(confirm, q.Within), q.Differs > 0 && outside(confirm, q.Differs):
		return Confirmed
	case q.Within > 0 && outside(against, q.Within):
		return Contradicted
	case q.Differs > 0 && inside(against, q.Differs):
		return Equivalent
	case q.Within > 0 || q.Differs > 0:
		return Undecided
	}
	nothing := 1.0
	if q.Kind == suite.RuleGain {
		nothing = 0
	}
	if q.Below > 0 {
		switch {
		case confirm.Hi < q.Below:
			return Confirmed
		case against.Lo > max(q.Below, nothing):
			return Contradicted
		case equivalent:
			return Equivalent
		case against.Lo >= q.Below:
			return Smaller
		}
		return Undecided
	}
	switch {
	case confirm.Lo > q.Above:
		return Confirmed
	case against.Hi < min(q.Above, nothing):
		return Contradicted
	case equivalent:
		return Equivalent
	case against.Hi <= q.Above:
		return Smaller
	}
	return Undecided
}

// judge sets the outcome of one of k pairs.
func (p *Pair) judge(t *trials, q suite.Rule, k int) {
	if p.Why = t.untestable(p); p.Why != "" {
		p.Outcome = NotTestable
		return
	}
	p.Outcome = Undecided
	if !p.Interval.Enough() {
		p.Why = t.few(p)
		return
	}
	confirm, contradict := levels(q, k)
	p.Outcome = decide(q, at(p.Effect, confirm), at(p.Effect, contradict))
	if p.Outcome != Undecided {
		return
	}
	switch strict := max(confirm, contradict); {
	case decide(q, p.Effect.Interval, p.Effect.Interval) == Undecided:
		p.Why = "the interval " + span(p.Effect.Interval) + " includes " + p.open(q)
	case stats.LeastPaired(p.Interval.N) > 1-strict:
		p.Why = fmt.Sprintf("among %s so few blocks cannot show it", count(k, "pair"))
	default:
		iv, _ := p.Effect.At(strict)
		p.Why = fmt.Sprintf("among %s only an interval at %.4g %% shows it, and that, %s, includes %s", count(k, "pair"), 100*strict, span(iv), p.open(q))
	}
}

// open names the bound that an undecided pair's interval includes.
func (p *Pair) open(q suite.Rule) string {
	switch d := max(q.Within, q.Differs); {
	case d > 0:
		return fmt.Sprintf("both more and less than %.3g %%", 100*d)
	case q.Below > 0:
		return number(q.Below)
	case p.gain && p.unit == "":
		of := quantityOf(q.Metric)
		return number(q.Above / of.Per)
	}
	return number(q.Above)
}

// lean returns how far a centre lies on the claimed side. It is negative on the
// other side.
func lean(q suite.Rule, center float64) float64 {
	switch {
	case q.Kind == suite.RuleGain:
		return center - q.Above
	case q.Within > 0:
		return math.Log1p(q.Within) - math.Abs(math.Log(center))
	case q.Differs > 0:
		return math.Abs(math.Log(center)) - math.Log1p(q.Differs)
	case q.Below > 0:
		return math.Log(q.Below / center)
	default:
		return math.Log(center / q.Above)
	}
}

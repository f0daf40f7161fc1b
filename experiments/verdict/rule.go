package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// RuleResult is the result of one rule.
type RuleResult struct {
	Rule    suite.Rule
	Outcome Outcome
	Reason  string   // a sentence without a full stop
	Pairs   []Pair   // in the order of the cells, or within a series in the order of its levels
	Series  []Series // for a trend or a crossing
	Ranking *Ranking // for a ranking
}

// complete fills in a rule's defaults.
func complete(q suite.Rule) suite.Rule {
	q.ToMetric, q.ToPhase = cmp.Or(q.ToMetric, q.Metric), cmp.Or(q.ToPhase, q.Phase)
	q.Each = cmp.Or(q.Each, suite.EachAll)
	if q.Unit != "" {
		q.UnitFrom = cmp.Or(q.UnitFrom, q.Phase)
	}
	return q
}

func (t *trials) judge(q suite.Rule) RuleResult {
	r := RuleResult{Rule: q, Outcome: Undecided}
	for _, name := range []string{q.Metric, q.ToMetric, q.Unit} {
		if name != "" && record.MetricOf(name) == nil {
			r.Reason = fmt.Sprintf("%q is not a metric of this laboratory", name)
			return r
		}
	}
	switch q.Kind {
	case suite.RuleRatio, suite.RuleGain:
		t.judgePairs(&r)
	case suite.RuleTrend:
		t.judgeTrend(&r)
	case suite.RuleCrossing:
		t.judgeCrossing(&r)
	case suite.RuleRanking:
		t.judgeRanking(&r)
	default:
		r.Reason = fmt.Sprintf("there is no rule of kind %q", q.Kind)
	}
	return r
}

// judgePairs judges rules whose pairs decide one by one.
func (t *trials) judgePairs(r *RuleResult) {
	r.Pairs = t.pairs(r.Rule)
	if len(r.Pairs) == 0 {
		r.Reason = t.noPairs(r.Rule)
		return
	}
	sides := make([]Side, len(r.Pairs))
	for i := range r.Pairs {
		p := &r.Pairs[i]
		switch {
		case !p.Interval.Enough():
			p.Side, p.Why = Open, t.few(p)
		case r.Rule.Kind == suite.RuleGain:
			p.Side, p.Why = sideOfGain(r.Rule, p)
		default:
			p.Side, p.Why = sideOfRatio(r.Rule, p, len(r.Pairs))
		}
		sides[i] = p.Side
	}
	r.Outcome = sum(sides, r.Rule.Each)
	p := r.deciding()
	r.Reason = tally(r.Outcome, sides, "pair") + p.openText()
}

func (t *trials) noPairs(q suite.Rule) string {
	why := fmt.Sprintf("no two cells of the plan are what the rule compares (of %s, to %s)", matchText(q.Of), matchText(q.To))
	if q.Where != nil {
		why += " where " + matchText(q.Where)
	}
	if s := t.run.Manifest.Skipped; len(s) > 0 {
		why += "; left out here: " + strings.Join(s, "; ")
	}
	return why
}

// deciding returns the pair that explains the outcome best: the clearest one if
// one pair settles the outcome, the least clear one if all pairs must agree.
// For an undecided rule it is an open pair, whatever Each is.
func (r *RuleResult) deciding() *Pair {
	best := -1
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if p.Side != r.showing() {
			continue
		}
		if best < 0 || r.before(p, &r.Pairs[best]) {
			best = i
		}
	}
	return &r.Pairs[best]
}

// showing returns the side whose pairs explain the outcome.
func (r *RuleResult) showing() Side {
	switch r.Outcome {
	case Confirmed:
		return Supports
	case Refuted:
		return Contradicts
	}
	return Open
}

// before reports whether p explains the outcome better than q. Pairs without an
// interval come last. Of equal pairs the first in the order of cells comes
// first.
func (r *RuleResult) before(p, q *Pair) bool {
	if a, b := p.Interval.N > 0, q.Interval.N > 0; a != b {
		return a
	}
	a, b := lean(r.Rule, p.Interval.Center), lean(r.Rule, q.Interval.Center)
	if r.Outcome != Undecided && r.Rule.Each != suite.EachAny {
		return a < b
	}
	return a > b
}

// tally returns the beginning of a reason: how many of several sides are the
// deciding side. It is empty if there is only one.
func tally(o Outcome, sides []Side, noun string) string {
	if len(sides) < 2 {
		return ""
	}
	side := map[Outcome]Side{Confirmed: Supports, Refuted: Contradicts, Undecided: Open}[o]
	n := 0
	for _, s := range sides {
		if s == side {
			n++
		}
	}
	verb := map[Side][2]string{Supports: {"supports", "support"}, Contradicts: {"contradicts", "contradict"}, Open: {"is open", "are open"}}[side]
	form := verb[1]
	if n == 1 {
		form = verb[0]
	}
	return fmt.Sprintf("%d of %s %s: ", n, count(len(sides), noun), form)
}

func matchText(m suite.Match) string {
	if len(m) == 0 {
		return "any"
	}
	var parts []string
	for axis, values := range m {
		parts = append(parts, axis+" = "+strings.Join(values, " or "))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

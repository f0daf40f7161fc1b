package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// RuleResult is the result of one rule.
type RuleResult struct {
	Rule    suite.Rule
	Outcome Outcome
	Reason  string         // a sentence without a full stop
	Pairs   []Pair         // in the order of the cells, or within a series in the order of its levels
	Series  []Series       // for a trend or a crossing
	Ranking *Ranking       // for a ranking
	Mean    stats.Interval // ratio of the means in the deciding pair, if the rule is about medians; N is 0 if unknown
	Felt    []Felt         // what the client felt, if the rule is about a dispatch latency; nil if unknown

	Forecast *Forecast // nil if the rule is decided, and for rules whose blocks cannot be forecast
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
	if t.forecast(&r); r.Forecast != nil {
		r.Reason += "; " + r.Forecast.Text()
	}
	return r
}

// judgePairs judges rules whose pairs decide one by one.
func (t *trials) judgePairs(r *RuleResult) {
	r.Pairs = t.pairs(r.Rule)
	if len(r.Pairs) == 0 {
		r.Outcome, r.Reason = t.noPairs(r.Rule)
		return
	}
	outcomes := make([]Outcome, len(r.Pairs))
	for i := range r.Pairs {
		r.Pairs[i].judge(t, r.Rule, len(r.Pairs))
		outcomes[i] = r.Pairs[i].Outcome
	}
	r.Outcome = combine(outcomes, r.Rule.Each)
	p := r.deciding()
	r.Felt, r.Mean = t.client(p), t.mean(p)
	r.Reason = tally(r.Outcome, outcomes, "pair") + p.openText() + meanText(r.Mean) + feltText(r.Felt)
}

// noPairs says why a rule has no pairs.
func (t *trials) noPairs(q suite.Rule) (Outcome, string) {
	why := fmt.Sprintf("no two cells of the plan are what the rule compares (of %s, to %s)", matchText(q.Of), matchText(q.To))
	if q.Where != nil {
		why += " where " + matchText(q.Where)
	}
	if s := t.run.Manifest.Skipped; len(s) > 0 {
		return NotTestable, why + "; left out here: " + strings.Join(s, "; ")
	}
	return Undecided, why
}

// deciding returns the pair that explains the outcome best: of those with the
// rule's outcome the clearest one if one pair settles it, the least clear one
// if all pairs must agree. If no pair has it, it is the least clear of all.
func (r *RuleResult) deciding() *Pair {
	best := -1
	for _, must := range []bool{true, false} {
		for i := range r.Pairs {
			p := &r.Pairs[i]
			if must && p.Outcome != r.Outcome {
				continue
			}
			if best < 0 || r.before(p, &r.Pairs[best]) {
				best = i
			}
		}
		if best >= 0 {
			break
		}
	}
	return &r.Pairs[best]
}

// before reports whether p explains the outcome better than q. Pairs without an
// interval come last. Of equal pairs the first in the order of cells comes
// first.
func (r *RuleResult) before(p, q *Pair) bool {
	if a, b := p.Interval.N > 0, q.Interval.N > 0; a != b {
		return a
	}
	a, b := lean(r.Rule, p.Interval.Center), lean(r.Rule, q.Interval.Center)
	if r.Outcome == Undecided || r.Rule.Each == suite.EachAny {
		return a > b
	}
	return a < b
}

// tally returns the beginning of a reason: how many of several pairs or series
// have the deciding outcome. It is empty if there is only one.
func tally(o Outcome, outcomes []Outcome, noun string) string {
	if len(outcomes) < 2 {
		return ""
	}
	n := 0
	for _, x := range outcomes {
		if x == o {
			n++
		}
	}
	return fmt.Sprintf("%d of %s %s %s: ", n, count(len(outcomes), noun), isAre(n), o)
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

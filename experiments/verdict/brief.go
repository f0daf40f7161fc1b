package verdict

import (
	"fmt"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// Mark returns the sign of an outcome: ✔ confirmed, ≈ equivalent or smaller
// than claimed, ✘ contradicted, ? for everything else.
func (o Outcome) Mark() string {
	switch o {
	case Confirmed:
		return "✔"
	case Equivalent, Smaller:
		return "≈"
	case Contradicted:
		return "✘"
	}
	return "?"
}

// Decisive returns the rule that explains the verdict best: the first with the
// verdict's outcome, otherwise the first. It is nil if there is no rule.
func (v *Verdict) Decisive() *RuleResult {
	if len(v.Rules) == 0 {
		return nil
	}
	i := slices.IndexFunc(v.Rules, func(r RuleResult) bool { return r.Outcome == v.Outcome })
	return &v.Rules[max(0, i)]
}

// Decisive returns the pair that explains the rule's outcome best. It is nil if
// the rule has no pairs, and for series and rankings, which no single pair
// decides.
func (r *RuleResult) Decisive() *Pair {
	if len(r.Pairs) == 0 || r.Series != nil || r.Ranking != nil {
		return nil
	}
	return r.deciding()
}

// decisiveSeries returns the first series with the rule's outcome, otherwise
// the first. There must be one.
func (r *RuleResult) decisiveSeries() *Series {
	i := slices.IndexFunc(r.Series, func(s Series) bool { return s.Outcome == r.Outcome })
	return &r.Series[max(0, i)]
}

// Effect writes the effect that decides the rule, with its interval and no
// words beside its unit: "0.71 [0.65, 0.84]", of a series "1.04 [0.99, 1.13] to
// 1.05 [1.03, 1.06]". It is "" if nothing was measured, and for rankings.
func (r *RuleResult) Effect() string {
	if len(r.Series) > 0 {
		levels := r.decisiveSeries().Levels
		first, last := levels[0].Effect.Interval, levels[len(levels)-1].Effect.Interval
		if first.N == 0 || last.N == 0 {
			return ""
		}
		return fmt.Sprintf("%s to %s", first, last)
	}
	p := r.Decisive()
	switch {
	case p == nil || p.Interval.N == 0:
		return ""
	case p.gain && p.unit == "":
		return quantityOf(p.Of.Metric).amount(p.Interval)
	}
	return p.Interval.String()
}

// Blocks returns the number of blocks behind Effect, of a series the fewest of
// its levels. It is 0 for rankings.
func (r *RuleResult) Blocks() int {
	if len(r.Series) > 0 {
		n := r.Series[0].Levels[0].Interval.N
		for _, p := range r.decisiveSeries().Levels {
			n = min(n, p.Interval.N)
		}
		return n
	}
	if p := r.Decisive(); p != nil {
		return p.Interval.N
	}
	return 0
}

// Span is a range of effects. Its ends may be infinite.
type Span struct{ Lo, Hi float64 }

// ClaimedSide returns the effects that a rule claims: one range, or two if it
// claims a difference in either direction. It is nil for trends, crossings and
// rankings, which claim nothing of a single effect. A gain in a metric's own
// unit is in that unit, as Pair.Interval divided by UnitOf.
func ClaimedSide(q suite.Rule) []Span {
	switch per := UnitOf(q); {
	case q.Kind == suite.RuleGain:
		return []Span{{q.Above / per, everything.Hi}}
	case q.Kind != suite.RuleRatio:
		return nil
	case q.Within > 0:
		return []Span{{1 / (1 + q.Within), 1 + q.Within}}
	case q.Differs > 0:
		return []Span{{0, 1 / (1 + q.Differs)}, {1 + q.Differs, everything.Hi}}
	case q.Below > 0:
		return []Span{{0, q.Below}}
	}
	return []Span{{q.Above, everything.Hi}}
}

// UnitOf returns what the effects of a rule are divided by for readers: the
// metric's own unit if the rule is a gain in it, otherwise 1.
func UnitOf(q suite.Rule) float64 {
	if m := record.MetricOf(q.Metric); q.Kind == suite.RuleGain && q.Unit == "" && m != nil {
		return m.Per
	}
	return 1
}

// Shown returns the pairs to draw or list: all, or if they are more than most,
// the deciding one first and then the others in their order.
func (r *RuleResult) Shown(most int) []*Pair {
	var ps []*Pair
	first := r.Decisive()
	if first != nil && len(r.Pairs) > most {
		ps = append(ps, first)
	}
	for i := range r.Pairs {
		if p := &r.Pairs[i]; len(ps) < most && (p != first || len(r.Pairs) <= most) {
			ps = append(ps, p)
		}
	}
	return ps
}

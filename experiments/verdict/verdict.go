package verdict

import (
	"fmt"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// Outcome is the result of one rule or of all.
type Outcome string

const (
	Confirmed Outcome = "confirmed"
	Refuted   Outcome = "refuted"
	Undecided Outcome = "undecided"
)

// Verdict is the result of a run for the claim of its suite.
type Verdict struct {
	Hypothesis string // "H2", or empty
	Claim      string // a sentence; empty if the suite claims nothing
	Outcome    Outcome
	Reason     string // a sentence without a full stop
	Rules      []RuleResult
}

// Judge applies the rules of the run's suite to its trials. If the suite claims
// nothing, the verdict is undecided.
func Judge(run *record.Run) *Verdict {
	m := &run.Manifest
	v := &Verdict{Hypothesis: m.Hypothesis, Claim: m.Claim.Text}
	t := newTrials(run)
	for _, q := range m.Rules {
		v.Rules = append(v.Rules, t.judge(complete(q)))
	}
	v.Outcome, v.Reason = v.decide()
	if has := m.Before.CPUs; m.Claim.CPUs > has {
		v.Outcome, v.Reason = Undecided, fmt.Sprintf("needs %d CPUs, this machine has %d", m.Claim.CPUs, has)
	}
	return v
}

// decide combines the outcomes of the rules.
func (v *Verdict) decide() (Outcome, string) {
	if len(v.Rules) == 0 {
		return Undecided, "the suite states no rule"
	}
	by := map[Outcome][]*RuleResult{}
	for i := range v.Rules {
		by[v.Rules[i].Outcome] = append(by[v.Rules[i].Outcome], &v.Rules[i])
	}
	for _, o := range []Outcome{Refuted, Undecided, Confirmed} {
		found := by[o]
		switch {
		case len(found) == 0:
		case len(v.Rules) == 1:
			return o, found[0].Reason
		case len(found) == len(v.Rules):
			return o, fmt.Sprintf("%s; the other %s likewise", found[0].named(), count(len(found)-1, "rule"))
		default:
			return o, fmt.Sprintf("%d of %d rules %s %s: %s", len(found), len(v.Rules), isAre(len(found)), o, found[0].named())
		}
	}
	panic("verdict: a rule without an outcome")
}

// sum combines sides into an outcome, according to Rule.Each.
func sum(sides []Side, each string) Outcome {
	supports := func(s Side) bool { return s == Supports }
	contradicts := func(s Side) bool { return s == Contradicts }
	every := func(is func(Side) bool) bool {
		return len(sides) > 0 && !slices.ContainsFunc(sides, func(s Side) bool { return !is(s) })
	}
	switch {
	case each == suite.EachAny && slices.ContainsFunc(sides, supports), each != suite.EachAny && every(supports):
		return Confirmed
	case each == suite.EachAny && every(contradicts), each != suite.EachAny && slices.ContainsFunc(sides, contradicts):
		return Refuted
	}
	return Undecided
}

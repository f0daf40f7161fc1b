package verdict

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
)

// Verdict is the result of a run for the claim of its suite.
type Verdict struct {
	Hypothesis string // "H2", or empty
	Claim      string // a sentence; empty if the suite claims nothing
	Outcome    Outcome
	Reason     string // a sentence without a full stop
	Rules      []RuleResult

	// Unfiltered is the outcome if no trial is left out for its gates. Empty if
	// none is.
	Unfiltered Outcome
}

// Judge applies the rules of the run's suite to its trials. If the suite claims
// nothing, the verdict is undecided.
func Judge(run *record.Run) *Verdict {
	v := judge(run)
	if slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return !t.Failed && !t.Clean() }) {
		v.Unfiltered = judge(run.Unfiltered()).Outcome
	}
	return v
}

func judge(run *record.Run) *Verdict {
	m := &run.Manifest
	v := &Verdict{Hypothesis: m.Hypothesis, Claim: m.Claim.Text}
	t := newTrials(run)
	for _, q := range m.Rules {
		v.Rules = append(v.Rules, t.judge(complete(q)))
	}
	v.Outcome, v.Reason = v.decide()
	if has := m.Before.CPUs; m.Claim.CPUs > has {
		v.Outcome, v.Reason = NotTestable, fmt.Sprintf("needs %d CPUs, this machine has %d", m.Claim.CPUs, has)
	}
	return v
}

// decide combines the outcomes of the rules.
func (v *Verdict) decide() (Outcome, string) {
	if len(v.Rules) == 0 {
		return Undecided, "the suite states no rule"
	}
	var outcomes []Outcome
	for _, r := range v.Rules {
		outcomes = append(outcomes, r.Outcome)
	}
	o := all(outcomes)
	if len(v.Rules) == 1 {
		return o, v.Rules[0].Reason
	}
	first := max(0, slices.Index(outcomes, o)) // without one, the rules differ and the claim holds in part
	var counts []string
	for _, x := range Outcomes {
		n := 0
		for _, y := range outcomes {
			if x == y {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, x))
		}
	}
	return o, fmt.Sprintf("of %d rules %s; %s", len(v.Rules), strings.Join(counts, ", "), v.Rules[first].named())
}

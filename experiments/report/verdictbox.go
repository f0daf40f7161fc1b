package report

import (
	"cmp"
	"fmt"
	"strings"

	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// verdictBox is the beginning of a report on a suite with rules.
type verdictBox struct {
	Outcome  verdict.Outcome
	Mark     string
	Sentence string
	Claim    string
	FailsIf  string // when the claim does not hold
	Kept     string // the outcome with no trial left out; empty if none is
	Rules    []ruleRow
}

type ruleRow struct {
	Title, Claimed, Reason string
	Outcome                verdict.Outcome
	Pairs                  string // see tally
}

// verdictBox returns the box, nil if the suite has no rules.
func (v *view) verdictBox() *verdictBox {
	j := v.Judged()
	if j == nil {
		return nil
	}
	b := &verdictBox{Outcome: j.Outcome, Mark: j.Outcome.Mark(), Sentence: j.Sentence(), Claim: j.Claim, FailsIf: v.Run.Manifest.RefutedIf, Kept: j.Sensitivity()}
	for _, r := range j.Rules {
		b.Rules = append(b.Rules, ruleRow{r.Rule.Title, verdict.Claimed(r.Rule), words.Capital(r.Reason), r.Outcome, tally(r)})
	}
	return b
}

// tally counts the pairs of a rule, or its series if it has any, by outcome:
// "3 confirmed, 1 undecided".
func tally(r verdict.RuleResult) string {
	n := map[verdict.Outcome]int{}
	for _, s := range r.Series {
		n[s.Outcome]++
	}
	if len(r.Series) == 0 {
		for _, p := range r.Pairs {
			n[p.Outcome]++
		}
	}
	var parts []string
	for _, o := range verdict.Outcomes {
		if n[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "–")
}

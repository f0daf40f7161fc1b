package report

import (
	"fmt"

	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// verdictBox is the beginning of a report on a suite with rules.
type verdictBox struct {
	Outcome  verdict.Outcome
	Sentence string
	Claim    string
	Refuted  string // what would refute the claim
	Rules    []ruleRow
}

type ruleRow struct {
	Title, Claimed, Reason string
	Outcome                verdict.Outcome
	Pairs                  string // see sides
}

// verdictBox returns the box, nil if the suite has no rules.
func (v *view) verdictBox() *verdictBox {
	j := v.Judged()
	if j == nil {
		return nil
	}
	b := &verdictBox{Outcome: j.Outcome, Sentence: j.Sentence(), Claim: j.Claim, Refuted: v.Run.Manifest.RefutedIf}
	for _, r := range j.Rules {
		b.Rules = append(b.Rules, ruleRow{r.Rule.Title, verdict.Claimed(r.Rule), words.Capital(r.Reason), r.Outcome, sides(r)})
	}
	return b
}

// sides writes how many pairs of a rule, or series if it has any, support the
// claim, leave it open, and contradict it.
func sides(r verdict.RuleResult) string {
	n := map[verdict.Side]int{}
	for _, s := range r.Series {
		n[s.Side]++
	}
	if len(r.Series) == 0 {
		for _, p := range r.Pairs {
			n[p.Side]++
		}
	}
	if n[verdict.Supports]+n[verdict.Open]+n[verdict.Contradicts] == 0 {
		return "–"
	}
	return fmt.Sprintf("%d / %d / %d", n[verdict.Supports], n[verdict.Open], n[verdict.Contradicts])
}

package report

import (
	"fmt"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
)

// judged is a run with its verdict, nil if its suite has no rules.
type judged struct {
	Name     string // of the directory
	Manifest *record.Manifest
	Verdict  *verdict.Verdict
}

// matrixRow is one line of the table that opens the pages about several runs: a
// hypothesis, or a claim that belongs to none.
type matrixRow struct {
	Hypothesis string // "H2", "" if the claim belongs to none
	Run        string // that the row is of, "" if there is none
	Claim      string // in short: what the deciding rule compares, and what it claims
	Mark       string
	Outcome    string
	Effect     string // with its interval; "–" if there is none
	N          string // blocks behind it
	Agree      string // "2 of 3": runs whose verdict is that of the row
}

// matrix returns a row for each hypothesis, and then one for each suite that
// claims something else. Of several runs it shows the one that started last,
// and counts those that agree with it.
func matrix(all []judged) []matrixRow {
	var rows []matrixRow
	for h := 1; h <= hypotheses(); h++ {
		name := fmt.Sprintf("H%d", h)
		rows = append(rows, matrixOf(name, slices.DeleteFunc(slices.Clone(all), func(j judged) bool { return j.Manifest.Hypothesis != name })))
	}
	var suites []string
	for _, j := range all {
		if j.Manifest.Hypothesis == "" && j.Verdict != nil {
			suites = once(suites, suite.FullName(j.Manifest.Suite))
		}
	}
	for _, name := range suites {
		rows = append(rows, matrixOf("", slices.DeleteFunc(slices.Clone(all), func(j judged) bool {
			return j.Manifest.Hypothesis != "" || suite.FullName(j.Manifest.Suite) != name
		})))
	}
	return rows
}

// matrixOf returns the row of runs of one hypothesis or suite.
func matrixOf(hypothesis string, runs []judged) matrixRow {
	row := matrixRow{Hypothesis: hypothesis, Mark: verdict.Undecided.Mark(), Outcome: "no run", Effect: "–", N: "–", Agree: "–"}
	if len(runs) == 0 {
		return row
	}
	last := slices.MaxFunc(runs, func(a, b judged) int { return a.Manifest.Started.Compare(b.Manifest.Started) })
	row.Run, row.Outcome = last.Name, "no rule"
	if last.Verdict == nil {
		return row
	}
	row.Outcome, row.Mark = string(last.Verdict.Outcome), last.Verdict.Outcome.Mark()
	agree := 0
	for _, j := range runs {
		if j.Verdict != nil && j.Verdict.Outcome == last.Verdict.Outcome {
			agree++
		}
	}
	row.Agree = fmt.Sprintf("%d of %d", agree, len(runs))
	r := last.Verdict.Decisive()
	if r == nil {
		return row
	}
	row.Claim = fmt.Sprintf("%s: %s", r.Rule.Title, verdict.Claimed(r.Rule))
	if e := r.Effect(); e != "" && last.Verdict.Outcome != verdict.NotTestable {
		row.Effect, row.N = e, fmt.Sprint(r.Blocks())
	}
	return row
}

package report

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// hypotheses returns the number of hypotheses: the greatest number that an
// embedded suite has.
var hypotheses = sync.OnceValue(func() (most int) {
	suites, err := suite.All()
	if err != nil {
		panic(err) // cannot happen, because tests read all embedded suites
	}
	for _, s := range suites {
		if n, err := strconv.Atoi(strings.TrimPrefix(s.Claim.Hypothesis, "H")); err == nil {
			most = max(most, n)
		}
	}
	return most
})

// judgement is one line of the table of hypotheses.
type judgement struct {
	Hypothesis, Outcome, Sentence, Run string
}

// contradiction is a sentence that contradicts a claim, and its run.
type contradiction struct {
	Text, Run string
}

// page holds the data of the template.
type page struct {
	Mark    string
	Example string // name of a results directory
	Matrix  []matrixRow
	Rows    []judgement
	Against []contradiction
	Runs    []*run
	Left    []string // sentences on results directories that cannot be read
	Changed []ruleChange

	CPUs    string // of the runs' machines: "2" or "2 to 8"
	Few     bool   // no machine has more than 4 CPUs
	Kernels []string
	Virtual []string // hypervisors
	Foreign []string // boot parameters of the scheduler that released Linux lacks
	// Shares of woken threads that stayed on their waker's CPU, in per cent,
	// before the runs and after them. Runs that did not measure this have none.
	Placed, PlacedAfter []float64
	Packed              bool // the median of these shares is above 50 %
	Trials              int
	Valid               int
}

// ruleChange is a change of a suite's rules after data had been seen.
type ruleChange struct {
	Suite string
	suite.Change
}

// changesOf returns the changes of the embedded suites that have a run, in the
// order of the runs.
func changesOf(runs []*run) []ruleChange {
	var all []ruleChange
	seen := map[string]bool{}
	for _, r := range runs {
		name := suite.FullName(r.Data.Manifest.Suite)
		if s, err := suite.Open(name); err == nil && !seen[name] && r.Data.Manifest.SuiteFile == "" {
			seen[name] = true
			for _, c := range s.Changed {
				all = append(all, ruleChange{name, c})
			}
		}
	}
	return all
}

func newPage(runs []*run, left []string) *page {
	p := &page{Mark: ReadmeMark, Example: runs[0].Name, Runs: runs, Left: left, Changed: changesOf(runs)}
	for h := 1; h <= hypotheses(); h++ {
		p.Rows = append(p.Rows, rowsOf(fmt.Sprintf("H%d", h), runs)...)
	}
	var cpus []int
	var all []judged
	for _, r := range runs {
		all = append(all, judged{r.Name, &r.Data.Manifest, r.Verdict})
	}
	p.Matrix = matrix(all)
	for _, r := range runs {
		for _, text := range r.Against() {
			p.Against = append(p.Against, contradiction{text, r.Name})
		}
		m := r.Data.Manifest.Before
		cpus = append(cpus, m.CPUs)
		p.Kernels = once(p.Kernels, m.Kernel)
		if m.Virtualised != "none" {
			p.Virtual = once(p.Virtual, m.Virtualised)
		}
		for _, foreign := range m.Foreign() {
			p.Foreign = once(p.Foreign, foreign)
		}
		if m.Placement != nil {
			p.Placed = append(p.Placed, 100*m.Placement.OnWakers)
		}
		if after := r.Data.Manifest.After.Placement; after != nil {
			p.PlacedAfter = append(p.PlacedAfter, 100*after.OnWakers)
		}
		p.Trials += len(r.Data.Trials)
		for i := range r.Data.Trials {
			if r.Data.Trials[i].Clean() {
				p.Valid++
			}
		}
	}
	lo, hi := slices.Min(cpus), slices.Max(cpus)
	if p.CPUs = fmt.Sprint(lo); lo != hi {
		p.CPUs = fmt.Sprintf("%d to %d", lo, hi)
	}
	p.Few = hi <= 4
	p.Packed = stats.Median(slices.Concat(p.Placed, p.PlacedAfter)) > 50
	return p
}

// rowsOf returns the verdicts on a hypothesis, one for each of its runs, or one
// row that says that there is no run.
func rowsOf(hypothesis string, runs []*run) []judgement {
	var rows []judgement
	for _, r := range runs {
		if r.Data.Manifest.Hypothesis != hypothesis {
			continue
		}
		x := judgement{Hypothesis: hypothesis, Run: r.Name, Outcome: "none", Sentence: "The suite states no rule that could decide it."}
		if r.Verdict != nil {
			x.Outcome, x.Sentence = string(r.Verdict.Outcome), r.Verdict.Sentence()
		}
		rows = append(rows, x)
	}
	if rows == nil {
		rows = []judgement{{Hypothesis: hypothesis, Outcome: "no run", Sentence: "There is no run of it here."}}
	}
	return rows
}

// once appends w to words if it is not empty and not yet there.
func once(words []string, w string) []string {
	if w = strings.TrimSpace(w); w == "" || slices.Contains(words, w) {
		return words
	}
	return append(words, w)
}

// figureName returns the name of a figure, given the path of its SVG file.
func figureName(file string) string { return strings.TrimSuffix(path.Base(file), ".svg") }

// span writes the least and the greatest of xs, without decimals. xs must not
// be empty.
func span(xs []float64) string {
	return fmt.Sprintf("%.0f to %.0f", slices.Min(xs), slices.Max(xs))
}

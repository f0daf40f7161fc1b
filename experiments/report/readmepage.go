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

// hypotheses is how many there are: the greatest number of an embedded suite's.
var hypotheses = sync.OnceValue(func() (most int) {
	suites, err := suite.All()
	if err != nil {
		panic(err) // they are embedded and tested
	}
	for _, s := range suites {
		if n, err := strconv.Atoi(strings.TrimPrefix(s.Claim.Hypothesis, "H")); err == nil {
			most = max(most, n)
		}
	}
	return most
})

// row is one line of the table of hypotheses.
type judgement struct {
	Hypothesis, Outcome, Sentence, Run string
}

// contradiction is a sentence and the run that it is from.
type contradiction struct {
	Text, Run string
}

// page is what the template is filled with.
type page struct {
	Mark    string
	Example string // name of a results directory
	Rows    []judgement
	Against []contradiction
	Runs    []*run
	Left    []string // results directories that cannot be read

	// What the runs have in common, as "2" or "2 to 8".
	CPUs    string
	Few     bool // no more than 4 of them
	Kernels []string
	Virtual []string // hypervisors
	Foreign []string // boot parameters of the scheduler that Linux as released does not have
	// Shares of woken threads that stayed on their waker's CPU, in per cent, before
	// the runs and after them; empty where that was not measured.
	Placed, PlacedAfter []float64
	Packed              bool // that was most of them, in most measurements
	Trials              int
	Valid               int
}

func newPage(runs []*run, left []string) *page {
	p := &page{Mark: ReadmeMark, Example: runs[0].Name, Runs: runs, Left: left}
	for h := 1; h <= hypotheses(); h++ {
		p.Rows = append(p.Rows, rowsOf(fmt.Sprintf("H%d", h), runs)...)
	}
	var cpus []int
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
			if r.Data.Trials[i].Valid() {
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

// rowsOf are the verdicts on a hypothesis, one for each run, or that there is no
// run.
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

// once adds a word that is not there yet; an empty one is none.
func once(words []string, w string) []string {
	if w = strings.TrimSpace(w); w == "" || slices.Contains(words, w) {
		return words
	}
	return append(words, w)
}

// figureName is a drawing's file without its ending.
func figureName(file string) string { return strings.TrimSuffix(path.Base(file), ".svg") }

// span is the least and the most of some numbers, without decimals.
func span(xs []float64) string {
	return fmt.Sprintf("%.0f to %.0f", slices.Min(xs), slices.Max(xs))
}

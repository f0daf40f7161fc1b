package findings

import (
	"fmt"

	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// Difference is a finding that compares a subject with another in one metric.
type Difference struct {
	Comparison
	Subject, To string
	Where       string // the circumstances: "With closing connections"

	about  aspect
	load   string         // "at 3,000 connections/s"; empty if Where names the load
	closed string         // for aboutThroughput: "closed loop of 32 connections"
	per    string         // for aboutCost: "request" or "connection"
	beside stats.Interval // for aboutThroughput: the baseline's throughput
}

// aspect says which metric and which subjects a difference compares.
type aspect uint8

const (
	aboutCost       aspect = iota // CPU time, against the rival
	aboutSwitches                 // against the rival
	aboutBaseline                 // CPU time, against the kernel's own queue
	aboutThroughput               // of a closed loop, against the rival
)

// Against reports whether the subject is worse than its rival. The pattern
// claims nothing against the baseline.
func (d *Difference) Against() bool {
	return d.about != aboutBaseline && d.Enough() && d.Differs() && !d.Better()
}

// Shown names the figure that draws the samples.
func (d *Difference) Shown() string {
	return map[aspect]string{aboutCost: "cpu", aboutSwitches: "switches", aboutBaseline: "cpu", aboutThroughput: "throughput-latency"}[d.about]
}

// Sentence writes the medians, their intervals and the evidence.
func (d *Difference) Sentence() string {
	a, b := words.Interval(d.A), words.Interval(d.B)
	switch d.about {
	case aboutCost:
		where := d.Where
		if d.load != "" {
			where += " " + d.load
		}
		return fmt.Sprintf("%s, %s used %s µs CPU per %s against %s's %s: %s.", where, d.Subject, a, d.per, d.To, b, outcome(d.Comparison, "less", "more"))
	case aboutSwitches:
		return fmt.Sprintf("It made %s context switches against %s: %s.", a, b, outcome(d.Comparison, "fewer", "more"))
	case aboutBaseline:
		return fmt.Sprintf("The kernel's own wake-one queue (%s) needed %s µs", d.To, b) + d.besideBaseline()
	}
	s := fmt.Sprintf("In a %s, %s answered %s requests/s against %s's %s: %s", d.closed, d.Subject, a, d.To, b, outcome(d.Comparison, "more", "fewer"))
	if d.beside.N > 0 {
		s += fmt.Sprintf("; %s answered %s", Baseline, words.Interval(d.beside))
	}
	return s + "."
}

// besideBaseline writes the end of the sentence about the kernel's own queue.
func (d *Difference) besideBaseline() string {
	switch {
	case !d.Ratio.Enough():
		return "; " + fewTrials(d.Comparison) + "."
	case !d.Enough():
		return fmt.Sprintf("; %s (ratio of %s to it %s).", fewTrials(d.Comparison), d.Subject, words.Ratio(d.Ratio))
	case !d.Differs():
		return fmt.Sprintf(": no difference from %s could be shown (ratio of %s to it %s).", d.Subject, d.Subject, bare(d.Comparison))
	case d.Better():
		return fmt.Sprintf(", more than %s (ratio of %s to it %s).", d.Subject, d.Subject, bare(d.Comparison))
	}
	return fmt.Sprintf(", less than %s (ratio of %s to it %s): over it, handing leadership on saved no CPU time.", d.Subject, d.Subject, bare(d.Comparison))
}

// outcome says whether a did better or worse than b, in the words given, with
// the evidence.
func outcome(w Comparison, better, worse string) string {
	switch {
	case !w.Ratio.Enough():
		return fewTrials(w)
	case !w.Enough():
		return fmt.Sprintf("%s (ratio %s)", fewTrials(w), words.Ratio(w.Ratio))
	case !w.Differs():
		return fmt.Sprintf("no difference could be shown (%s)", w.evidence())
	case w.Better():
		return fmt.Sprintf("%s (%s)", better, w.evidence())
	}
	return fmt.Sprintf("%s, against what the pattern claims (%s)", worse, w.evidence())
}

// fewTrials says that there are too few trials for a comparison. With an
// interval, they are too few for as many comparisons as the paragraph makes.
func fewTrials(w Comparison) string {
	switch {
	case w.Ratio.Enough():
		return fmt.Sprintf("too few trials for so many comparisons, %d and %d", w.A.N, w.B.N)
	case min(w.A.N, w.B.N) >= stats.Fewest:
		return fmt.Sprintf("too few blocks with both to tell, %d", w.Ratio.N)
	}
	return fmt.Sprintf("too few trials to tell, %d and %d", w.A.N, w.B.N)
}

package findings

import (
	"math"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// Comparison compares two samples of a metric, a and b.
type Comparison struct {
	A, B   stats.Interval // medians
	Ratio  stats.Interval // of a to b
	P      float64        // of the ratio; Correct applies Holm's correction to it
	least  float64        // smallest P of so many values, corrected by Correct too
	Metric record.Metric
}

// Compare compares the trials that count of two cells of a run, block by block.
// It does not correct for other comparisons.
func Compare(m record.Metric, a, b stats.Sample) Comparison {
	e := stats.RatioPaired(a.ByBlock, b.ByBlock)
	return Comparison{A: stats.Summarise(a.Valid), B: stats.Summarise(b.Valid), Ratio: e.Interval, P: e.P, least: stats.LeastPaired(e.N), Metric: m}
}

// CompareRuns compares the trials that count of one cell in two runs, which
// share no blocks.
func CompareRuns(m record.Metric, a, b stats.Sample) Comparison {
	e := stats.Ratio(a.Valid, b.Valid)
	return Comparison{A: stats.Summarise(a.Valid), B: stats.Summarise(b.Valid), Ratio: e.Interval, P: e.P, least: stats.Least(len(a.Valid), len(b.Valid)), Metric: m}
}

// Known reports whether the samples could be compared.
func (v Comparison) Known() bool { return v.Ratio.N > 0 }

// Enough reports whether the samples are large enough to show a difference:
// five blocks never reach p < 0.05, however far apart the values lie.
func (v Comparison) Enough() bool { return v.least < stats.Alpha }

// Differs reports whether the test shows a difference.
func (v Comparison) Differs() bool { return v.Known() && v.P < stats.Alpha }

// Better reports whether a is better than b: higher for metrics where higher is
// better, otherwise lower.
func (v Comparison) Better() bool {
	if v.Metric.Higher {
		return v.Ratio.Center > 1
	}
	return v.Ratio.Center < 1
}

// evidence writes the ratio with its interval, and the p-value.
func (v Comparison) evidence() string {
	return "ratio " + bare(v)
}

func bare(v Comparison) string { return words.Ratio(v.Ratio) + ", " + stats.PText(v.P) }

// Correct applies Holm's correction to the comparisons, as one family. Those
// that are not Known do not count as tests.
func Correct(vs []*Comparison) {
	ps := make([]float64, len(vs))
	for i, v := range vs {
		if ps[i] = v.P; !v.Known() {
			ps[i] = math.NaN()
		}
	}
	known := 0
	for i, p := range stats.Holm(ps) {
		if vs[i].P = p; vs[i].Known() {
			known++
		}
	}
	for _, v := range vs {
		v.least = min(1, v.least*float64(known))
	}
}

// Pointers returns pointers to the elements, as Correct needs them.
func Pointers(vs []Comparison) []*Comparison {
	ps := make([]*Comparison, len(vs))
	for i := range vs {
		ps[i] = &vs[i]
	}
	return ps
}

// Word says whether a is "lower" or "higher" than b, or the "same" because no
// difference shows, or that there are "too few" values.
func (v Comparison) Word() string {
	switch {
	case !v.Enough():
		return "too few"
	case !v.Differs():
		return "same"
	case v.Ratio.Center < 1:
		return "lower"
	}
	return "higher"
}

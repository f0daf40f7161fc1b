package findings

import (
	"math"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// Comparison compares two samples of a metric, a and b.
type Comparison struct {
	A, B   stats.Interval
	Ratio  stats.Interval // of medians, a over b
	P      float64        // Correct applies Holm's correction to it
	least  float64        // smallest P of samples of these sizes, corrected by Correct too
	Metric record.Metric
}

// Compare compares a with b, not yet corrected for other comparisons.
func Compare(m record.Metric, a, b []float64) Comparison {
	return Comparison{
		least: stats.LeastP(len(a), len(b)),
		A:     stats.Summarise(a), B: stats.Summarise(b),
		Ratio: stats.Ratio(a, b), P: stats.Compare(a, b), Metric: m,
	}
}

// Known reports whether both samples have values.
func (v Comparison) Known() bool { return v.A.N > 0 && v.B.N > 0 }

// Enough reports whether the samples are large enough to show a difference:
// three values against three never reach p < 0.05, however far apart they lie.
func (v Comparison) Enough() bool { return v.least < stats.Alpha }

// Differs reports whether both the test and the interval show a difference.
func (v Comparison) Differs() bool {
	return v.Known() && v.P < stats.Alpha && v.gap()
}

// gap reports whether the interval of the ratio excludes 1. If there is no
// ratio, because b is 0, it reports whether the intervals of a and b do not
// overlap.
func (v Comparison) gap() bool {
	if v.Ratio.N > 0 {
		return !v.Ratio.Contains(1)
	}
	return !v.A.Overlaps(v.B)
}

// Better reports whether a's median is better than b's: higher for metrics
// where higher is better, otherwise lower.
func (v Comparison) Better() bool {
	if v.Metric.Higher {
		return v.A.Center > v.B.Center
	}
	return v.A.Center < v.B.Center
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
	case v.A.Center < v.B.Center:
		return "lower"
	}
	return "higher"
}

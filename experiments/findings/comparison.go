package findings

import (
	"math"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// Comparison holds one sample of a metric against another.
type Comparison struct {
	A, B   stats.Interval
	Ratio  stats.Interval // of medians, a over b
	P      float64        // Holm-corrected once the family is known
	least  float64        // the smallest p that samples of these sizes can reach, corrected likewise
	Metric record.Metric
}

// Compare holds a against b.
func Compare(m record.Metric, a, b []float64) Comparison {
	return Comparison{
		least: stats.LeastP(len(a), len(b)),
		A:     stats.Summarise(a), B: stats.Summarise(b),
		Ratio: stats.Ratio(a, b), P: stats.Compare(a, b), Metric: m,
	}
}

// Known reports whether there is anything to compare.
func (v Comparison) Known() bool { return v.A.N > 0 && v.B.N > 0 }

// Enough reports whether a difference could show at all: three against three
// never reach p < 0.05, however far apart they lie.
func (v Comparison) Enough() bool { return v.least < stats.Alpha }

// Differs is spoken of when both the test and the interval say so.
func (v Comparison) Differs() bool {
	return v.Known() && v.P < stats.Alpha && v.gap()
}

// gap: the interval of the ratio excludes 1, or, where there is no ratio
// because b is nothing at all, the intervals lie apart.
func (v Comparison) gap() bool {
	if v.Ratio.N > 0 {
		return !v.Ratio.Contains(1)
	}
	return !v.A.Overlaps(v.B)
}

// better reports whether a's median is on the good side of b's.
func (v Comparison) Better() bool {
	if v.Metric.Higher {
		return v.A.Center > v.B.Center
	}
	return v.A.Center < v.B.Center
}

// evidence is the ratio and the p-value in brackets.
func (v Comparison) evidence() string {
	return "ratio " + bare(v)
}

func bare(v Comparison) string { return words.Ratio(v.Ratio) + ", " + stats.PText(v.P) }

// Correct applies Holm's correction over the family of comparisons.
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

// Pointers are those to the elements, for Correct.
func Pointers(vs []Comparison) []*Comparison {
	ps := make([]*Comparison, len(vs))
	for i := range vs {
		ps[i] = &vs[i]
	}
	return ps
}

// Word says how a stands to b: lower, higher, same, or too few to tell.
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

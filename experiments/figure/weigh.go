package figure

import (
	"math"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// weighing is what one sample came to beside another.
type weighing struct {
	a, b   stats.Interval
	ratio  stats.Interval // of medians, a over b
	p      float64        // Holm-corrected once the family is known
	least  float64        // the smallest p that samples of these sizes can reach, corrected likewise
	metric record.Metric
}

func weigh(m record.Metric, a, b []float64) weighing {
	return weighing{
		least: stats.LeastP(len(a), len(b)),
		a:     stats.Summarise(a), b: stats.Summarise(b),
		ratio: stats.Ratio(a, b), p: stats.Compare(a, b), metric: m,
	}
}

// known reports whether there is anything to weigh.
func (v weighing) known() bool { return v.a.N > 0 && v.b.N > 0 }

// enough reports whether a difference could show at all: three against three
// never reach p < 0.05, however far apart they lie.
func (v weighing) enough() bool { return v.least < stats.Alpha }

// differs is spoken of when both the test and the interval say so.
func (v weighing) differs() bool {
	return v.known() && v.p < stats.Alpha && v.gap()
}

// gap: the interval of the ratio excludes 1, or, where there is no ratio
// because b is nothing at all, the intervals lie apart.
func (v weighing) gap() bool {
	if v.ratio.N > 0 {
		return !v.ratio.Contains(1)
	}
	return !v.a.Overlaps(v.b)
}

// better reports whether a's median is on the good side of b's.
func (v weighing) better() bool {
	if v.metric.Higher {
		return v.a.Center > v.b.Center
	}
	return v.a.Center < v.b.Center
}

// evidence is the ratio and the p-value in brackets.
func (v weighing) evidence() string {
	return "ratio " + bare(v)
}

func bare(v weighing) string { return words.Ratio(v.ratio) + ", " + stats.PText(v.p) }

// correct applies Holm's correction over the family of weighings.
func correct(vs []*weighing) {
	ps := make([]float64, len(vs))
	for i, v := range vs {
		if ps[i] = v.p; !v.known() {
			ps[i] = math.NaN()
		}
	}
	known := 0
	for i, p := range stats.Holm(ps) {
		if vs[i].p = p; vs[i].known() {
			known++
		}
	}
	for _, v := range vs {
		v.least = min(1, v.least*float64(known))
	}
}

func pointers(vs []weighing) []*weighing {
	ps := make([]*weighing, len(vs))
	for i := range vs {
		ps[i] = &vs[i]
	}
	return ps
}

// word is the weighing on a, the second run, against b.
func (v weighing) word() string {
	switch {
	case !v.enough():
		return "too few"
	case !v.differs():
		return "same"
	case v.a.Center < v.b.Center:
		return "lower"
	}
	return "higher"
}

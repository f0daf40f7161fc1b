package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Trend is the result of the test of Jonckheere and Terpstra on samples along
// an axis: whether values rise or fall along it.
type Trend struct {
	J        float64 // number of pairs of values of two samples that rise along the axis; equal ones count half
	Expected float64 // J without a trend
	Rising   float64 // p-value for rising values: a small one is evidence for them
	Falling  float64 // p-value for falling values
	N        int     // number of values
	Exact    bool    // p-values come from counting, not from the normal distribution
}

// P returns the two-sided p-value: the smaller one doubled.
func (t Trend) P() float64 { return min(1, 2*min(t.Rising, t.Falling)) }

// Monotone tests samples of independent values, one sample for each position of
// xs along an axis (for example, a number of threads), for an ordered
// alternative (Terpstra 1952, Jonckheere 1954): values never fall from one
// position to the next and rise somewhere, or the reverse. It is exact,
// including ties, while counting is cheap. Otherwise it uses the normal
// distribution with the variance corrected for ties (Hollander and Wolfe 1999,
// equation 6.19).
//
// A small p-value shows an overall trend, not that each step goes the same way:
// a hump can pass. Samples with the same position are combined. The p-values
// are 1 for fewer than two samples with values, and for values that are all
// equal. xs and samples of unequal length panic.
func Monotone(xs []float64, samples [][]float64) Trend {
	groups := along(xs, samples)
	d := deal(groups)
	t := Trend{J: rising(groups), Expected: d.expected(), N: d.n}
	switch {
	case len(d.sizes) < 2 || len(d.ties) < 2:
		t.Rising, t.Falling, t.Exact = 1, 1, true
	case d.cells() <= tableLimit:
		t.Rising, t.Falling = d.count(t.J)
		t.Exact = true
	default:
		z := (t.J - t.Expected) / math.Sqrt(d.variance())
		t.Rising, t.Falling = distuv.UnitNormal.Survival(z), distuv.UnitNormal.CDF(z)
	}
	return t
}

// along returns the samples that have values, in the order of their positions.
func along(xs []float64, samples [][]float64) [][]float64 {
	if len(xs) != len(samples) {
		panic("stats.Monotone: positions and samples of unequal number (each sample needs its position)")
	}
	at := map[float64][]float64{}
	for i, x := range xs {
		if vs := finite(samples[i]); len(vs) > 0 {
			at[x] = append(at[x], vs...)
		}
	}
	var groups [][]float64
	for _, x := range slices.Sorted(maps.Keys(at)) {
		groups = append(groups, at[x])
	}
	return groups
}

// rising counts the pairs of values of two groups in which the later group has
// the larger value. Equal ones count half.
func rising(groups [][]float64) (j float64) {
	for g, later := range groups {
		for _, earlier := range groups[:g] {
			for _, y := range later {
				for _, x := range earlier {
					j += float64(1+cmp.Compare(y, x)) / 2
				}
			}
		}
	}
	return j
}

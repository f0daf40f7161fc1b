package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Trend is what the test of Jonckheere and Terpstra says of samples along an
// axis: whether values rise with it, or fall.
type Trend struct {
	J        float64 // pairs of values of two samples that rise along the axis; equal ones count half
	Expected float64 // such pairs without a trend
	Rising   float64 // p-value against the claim that values rise: small speaks for it
	Falling  float64 // likewise that they fall
	N        int     // values in all
	Exact    bool    // p-values by counting, not by the normal law
}

// P gives the two-sided p-value: the smaller one doubled.
func (t Trend) P() float64 { return min(1, 2*min(t.Rising, t.Falling)) }

// Monotone tests samples of independent values, one sample for each position
// of xs along an axis (a number of threads, say), for an ordered alternative
// (Terpstra 1952, Jonckheere 1954): that values never fall from one position
// to the next and somewhere rise, or the reverse. It is exact, ties included,
// while counting is cheap, and beyond that by the normal law with the variance
// corrected for ties (Hollander and Wolfe 1999, equation 6.19).
//
// A small p-value tells that there is a trend on the whole, not that each step
// goes the same way: a hump can pass. Samples of equal position are taken
// together. Fewer than two samples that hold values, and values that are all
// equal, give p-values of 1. xs and samples of unequal length panic.
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

// along gives the samples that hold values in the order of their positions.
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

// rising counts the pairs of values of two groups of which the later group has
// the larger, equal ones half.
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

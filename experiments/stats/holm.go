package stats

import (
	"cmp"
	"math"
	"slices"
)

// Holm corrects the p-values of a family of tests so that the probability of
// any false alarm stays below Alpha (Holm 1979). The result has the order of
// ps, which is not changed. NaN stays NaN and does not count as a test.
func Holm(ps []float64) []float64 {
	order := make([]int, 0, len(ps))
	out := make([]float64, len(ps))
	for i, p := range ps {
		if out[i] = p; !math.IsNaN(p) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	worst := 0.0 // an adjusted p-value is never below that of a smaller one
	for rank, i := range order {
		worst = max(worst, min(1, ps[i]*float64(len(order)-rank)))
		out[i] = worst
	}
	return out
}

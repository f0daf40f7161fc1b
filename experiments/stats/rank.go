package stats

import (
	"cmp"
	"math"
)

// Kendall compares two rankings pair by pair. tau is 1 if they agree on all
// pairs and -1 if they agree on none, corrected for ties (tau-b, Kendall 1945).
// discordant is the number of pairs that they order in opposite ways. Entries
// with a NaN are left out. If a ranking orders nothing, tau is NaN. Lists of
// unequal length panic.
func Kendall(xs, ys []float64) (tau float64, discordant int) {
	xs, ys = pairs(xs, ys)
	var concordant, orderedX, orderedY int
	for i := range xs {
		for j := range i {
			x, y := cmp.Compare(xs[i], xs[j]), cmp.Compare(ys[i], ys[j])
			orderedX += x * x
			orderedY += y * y
			switch x * y {
			case 1:
				concordant++
			case -1:
				discordant++
			}
		}
	}
	if orderedX == 0 || orderedY == 0 {
		return math.NaN(), discordant
	}
	return float64(concordant-discordant) / math.Sqrt(float64(orderedX)*float64(orderedY)), discordant
}

// pairs returns xs and ys without the entries in which one of them is NaN.
func pairs(xs, ys []float64) (as, bs []float64) {
	if len(xs) != len(ys) {
		panic("stats.Kendall: lists of unequal length (they must hold one value each per pair)")
	}
	for i := range xs {
		if !math.IsNaN(xs[i]) && !math.IsNaN(ys[i]) {
			as, bs = append(as, xs[i]), append(bs, ys[i])
		}
	}
	return as, bs
}

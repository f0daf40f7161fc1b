package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Spearman gives the rank correlation of two lists of equal length, pair by
// pair: 1 where ys rises whenever xs does, -1 where it falls. Equal values
// share the mean of their ranks (Spearman 1904). Pairs with a NaN are left out.
// Fewer than two pairs, and a list of equal values, give NaN. Lists of unequal
// length are a mistake of the caller's and panic.
func Spearman(xs, ys []float64) float64 {
	xs, ys = pairs("Spearman", xs, ys)
	if len(xs) < 2 {
		return math.NaN()
	}
	return stat.Correlation(midranks(xs), midranks(ys), nil)
}

// Kendall compares two rankings of the same things pair by pair: tau is 1 where
// they agree on all pairs, -1 where they agree on none, corrected for ties
// (tau-b, Kendall 1945), and discordant is how many pairs the one has one way
// and the other the other way. Entries with a NaN are left out. A ranking
// that orders nothing gives NaN. Lists of unequal length panic.
func Kendall(xs, ys []float64) (tau float64, discordant int) {
	xs, ys = pairs("Kendall", xs, ys)
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

// midranks gives each value's rank from 1; equal values share their mean rank.
func midranks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(xs[i], xs[j]) })
	ranks := make([]float64, len(xs))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && xs[order[to]] == xs[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return ranks
}

// pairs leaves out those with a NaN.
func pairs(who string, xs, ys []float64) (as, bs []float64) {
	if len(xs) != len(ys) {
		panic("stats." + who + ": lists of unequal length (they must hold one value each per pair)")
	}
	for i := range xs {
		if !math.IsNaN(xs[i]) && !math.IsNaN(ys[i]) {
			as, bs = append(as, xs[i]), append(bs, ys[i])
		}
	}
	return as, bs
}

package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Median of values in any order, the mean of the middle two when their number
// is even; NaN of none.
func Median(xs []float64) float64 {
	n := len(xs)
	if n == 0 {
		return math.NaN()
	}
	vs := slices.Clone(xs)
	upper := selectRank(vs, n/2)
	if n%2 == 1 {
		return upper
	}
	return (slices.Max(vs[:n/2]) + upper) / 2
}

// Mean of values; NaN of none.
func Mean(xs []float64) float64 { return stat.Mean(xs, nil) }

// selectRank gives the value that would stand at rank k (from 0) were xs
// sorted, and moves it there, with no larger one before it (Hoare 1961, Find).
// Sorting in full would be most of a bootstrap's time.
func selectRank(xs []float64, k int) float64 {
	for lo, hi := 0, len(xs)-1; lo < hi; {
		pivot := xs[k]
		i, j := lo, hi
		for i <= j {
			for xs[i] < pivot {
				i++
			}
			for pivot < xs[j] {
				j--
			}
			if i <= j {
				xs[i], xs[j] = xs[j], xs[i]
				i++
				j--
			}
		}
		if j < k {
			lo = i
		}
		if k < i {
			hi = j
		}
	}
	return xs[k]
}

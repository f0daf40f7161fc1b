package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Median returns the median of values in any order: the mean of the middle two
// if their number is even, NaN if there are none.
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

// Mean returns the mean of values, or NaN if there are none.
func Mean(xs []float64) float64 { return stat.Mean(xs, nil) }

// selectRank returns the value that would be at index k if xs were sorted. It
// moves that value there, with no larger one before it (Hoare 1961, Find).
// Sorting would take longer.
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

// median returns the median of sorted values: the mean of the middle two if
// their number is even.
func median(sorted []float64) float64 {
	n := len(sorted)
	lower, upper := sorted[(n-1)/2], sorted[n/2]
	if lower == upper {
		return lower // also if both are infinite
	}
	return lower/2 + upper/2
}

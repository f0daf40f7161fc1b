package stats

import (
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/combin"
)

// Alpha is the p-value below which a difference counts.
const Alpha = 1 - Level

// exactLimit is the largest total number of values for which the test counts
// every possible deal. Beyond it the normal approximation is accurate enough.
const exactLimit = 50

// Compare returns the two-sided p-value of the Mann-Whitney U test: how often
// two samples of the same distribution would lie at least as far apart, with
// the smaller tail doubled. It is exact for up to 50 values in total, including
// ties. It is 1 for an empty sample and for values that are all equal.
func Compare(a, b []float64) (p float64) {
	as, bs := finite(a), finite(b)
	if len(as) == 0 || len(bs) == 0 {
		return 1
	}
	if len(as)+len(bs) <= exactLimit {
		return exactU(as, bs)
	}
	t := benchmath.DefaultThresholds
	c := benchmath.AssumeNothing.Compare(benchmath.NewSample(as, &t), benchmath.NewSample(bs, &t))
	return min(c.P, 1)
}

// exactU counts, for every possible U, the ways to deal the pooled values to
// the two samples. benchmath's own table does not cover ties, with which the
// distribution of U is not symmetric and its lower tail says nothing about the
// upper one.
func exactU(as, bs []float64) float64 {
	na, nb := len(as), len(bs)
	// ways[k][u] counts the deals in which a got k of the values so far, and
	// twice U is u.
	ways := make([][]float64, na+1)
	for k := range ways {
		ways[k] = make([]float64, 2*na*nb+1)
	}
	ways[0][0] = 1
	var i, j, observed int // dealt so far as measured, and twice the measured U
	for i < na || j < nb {
		x := smallest(as[i:], bs[j:])
		ga, gb := run(as[i:], x), run(bs[j:], x)
		observed += ga * (2*j + gb) // pairs with a smaller value of b, plus half of the equal ones
		tied, seen := ga+gb, i+j
		next := make([][]float64, na+1)
		for k := range next {
			next[k] = make([]float64, 2*na*nb+1)
		}
		for k := 0; k <= min(seen, na); k++ {
			for toA := 0; toA <= min(tied, na-k); toA++ {
				if seen+tied-k-toA > nb {
					continue
				}
				gain := toA * (2*(seen-k) + tied - toA)
				c := float64(combin.Binomial(tied, toA))
				for u, w := range ways[k] {
					if w != 0 {
						next[k+toA][u+gain] += w * c
					}
				}
			}
		}
		ways, i, j = next, i+ga, j+gb
	}
	var below, above, total float64
	for u, w := range ways[na] {
		total += w
		if u <= observed {
			below += w
		}
		if u >= observed {
			above += w
		}
	}
	return min(1, 2*min(below, above)/total)
}

// smallest returns the smaller head of two sorted slices, which must not both
// be empty.
func smallest(as, bs []float64) float64 {
	switch {
	case len(as) == 0:
		return bs[0]
	case len(bs) == 0:
		return as[0]
	}
	return min(as[0], bs[0])
}

// run returns how many of the first values of a sorted slice equal x.
func run(xs []float64, x float64) int {
	n := 0
	for n < len(xs) && xs[n] == x {
		n++
	}
	return n
}

package stats

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// law is the distribution of a rank statistic if nothing distinguishes the
// samples.
type law struct {
	table          []float64 // probability that the statistic is at most the index; nil if there are too many values to count
	mean, variance float64
	most           int // largest value of the statistic
}

// atMost returns the probability that the statistic is at most t.
func (l law) atMost(t int) float64 {
	switch {
	case t >= l.most:
		return 1
	case l.table != nil:
		return l.table[t]
	}
	return distuv.UnitNormal.CDF((float64(t) + 0.5 - l.mean) / math.Sqrt(l.variance))
}

// leftOut returns how many pairs an interval leaves out at either end, so that
// it misses at either with at most the probability p: the largest k with
// atMost(k) <= p, but at least 0.
func (l law) leftOut(p float64) int {
	lo, hi := 0, l.most // atMost(lo) <= p or lo is 0; atMost(hi) > p
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; l.atMost(mid) <= p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// counted is the largest number of values whose ranks are counted. Beyond it
// the normal distribution agrees to more digits than are printed.
const counted = 200

// laws keeps the laws that were counted, by the numbers of values.
var laws sync.Map // [2]int -> law

// signedRanks returns the law of Wilcoxon's signed-rank statistic of n blocks:
// the sum of a subset of the ranks 1 to n, all subsets being equally likely.
func signedRanks(n int) law {
	l := law{most: n * (n + 1) / 2}
	l.mean, l.variance = float64(l.most)/2, float64(l.most)*float64(2*n+1)/12
	return l.count(n <= counted, [2]int{n, -1}, func(ps []float64) {
		for rank := 1; rank <= n; rank++ {
			for sum := rank * (rank + 1) / 2; sum >= 0; sum-- {
				ps[sum] /= 2
				if sum >= rank {
					ps[sum] += ps[sum-rank] / 2
				}
			}
		}
	})
}

// rankSums returns the law of Mann and Whitney's U of samples of n and m
// values: the number of pairs in which the first value is larger, all orders
// being equally likely.
func rankSums(n, m int) law {
	l := law{most: n * m, mean: float64(n*m) / 2, variance: float64(n*m) * float64(n+m+1) / 12}
	return l.count(n+m <= counted, [2]int{n, m}, func(ps []float64) {
		// The generating function of the counts is the product over i of
		// (1 - x^(m+i)) / (1 - x^i), divided by the number of orders.
		for i := 1; i <= n; i++ {
			for u := l.most; u >= m+i; u-- {
				ps[u] -= ps[u-m-i]
			}
			for u := i; u <= l.most; u++ {
				ps[u] += ps[u-i]
			}
			for u := range ps { // keeps the numbers small: the i-th factor adds to (m+i)/i as many orders
				ps[u] *= float64(i) / float64(m+i)
			}
		}
	})
}

// count fills the law's table, if it is to be counted: fill turns the
// probabilities of the statistic of no values into those of the statistic.
func (l law) count(few bool, key [2]int, fill func([]float64)) law {
	if !few {
		return l
	}
	if known, ok := laws.Load(key); ok {
		return known.(law)
	}
	l.table = make([]float64, l.most+1)
	l.table[0] = 1
	fill(l.table)
	for t := 1; t <= l.most; t++ {
		l.table[t] += l.table[t-1]
	}
	laws.Store(key, l)
	return l
}

package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// resamples is how often the bootstrap draws; the ends of its interval then
// move by less than the last digit that anybody prints.
const resamples = 10_000

// Ratio gives median(a) / median(b) of two independent samples of positive
// values, with a percentile-bootstrap interval: both samples are drawn anew,
// with replacement, from a generator of fixed seed. Medians of few values have
// few values to be, which makes the interval wide rather than narrow: by
// simulation it covers 96 % or more from six values each on.
//
// If either sample has fewer than six values, Lo and Hi are the smallest and
// the largest ratio that the two ranges allow, and Confidence is the bound
// that holds for it: the sum of what the two ranges reach, less one. N is the
// size of the smaller sample. A median of b that is not positive gives N = 0
// and NaN.
func Ratio(a, b []float64) Interval {
	as, bs := finite(a), finite(b)
	if len(as) == 0 || len(bs) == 0 || median(bs) <= 0 {
		return none()
	}
	sa, sb := Summarise(as), Summarise(bs)
	if !sa.Enough() || !sb.Enough() {
		return rangeRatio(sa, sb)
	}
	iv := Interval{Center: sa.Center / sb.Center, N: min(len(as), len(bs)), Confidence: Level}
	rng := rand.New(rand.NewPCG(1, uint64(len(as))<<32|uint64(len(bs))))
	da, db := make([]float64, len(as)), make([]float64, len(bs))
	rs := make([]float64, 0, resamples)
	for range resamples {
		if m := redraw(rng, db, bs); m > 0 {
			rs = append(rs, redraw(rng, da, as)/m)
		}
	}
	slices.Sort(rs)
	iv.Lo = stat.Quantile((1-Level)/2, stat.Empirical, rs, nil)
	iv.Hi = stat.Quantile((1+Level)/2, stat.Empirical, rs, nil)
	return iv
}

// rangeRatio is the ratio of two centres with the smallest and the largest that
// the intervals around them allow.
func rangeRatio(a, b Interval) Interval {
	iv := Interval{
		Center: a.Center / b.Center, Lo: a.Lo / b.Hi, Hi: a.Hi / b.Lo,
		N: min(a.N, b.N), Confidence: max(0, a.Confidence+b.Confidence-1),
	}
	if b.Lo <= 0 {
		iv.Hi = math.Inf(1)
	}
	return iv
}

// RatioPaired gives the median over blocks of a/b, with Summarise's interval:
// a and b hold one value per block (one pass over all cells), by the block's
// number. Blocks that only one of them has, or where b is not positive, are
// left out. What drifts from block to block cancels, so this is the sharper
// statement when trials were interleaved.
func RatioPaired(a, b map[int]float64) Interval {
	var rs []float64
	for block, x := range a {
		if y, ok := b[block]; ok && y > 0 {
			rs = append(rs, x/y)
		}
	}
	return Summarise(rs)
}

// redraw fills dst with values drawn from src and gives their median.
func redraw(rng *rand.Rand, dst, src []float64) float64 {
	for i := range dst {
		dst[i] = src[rng.IntN(len(src))]
	}
	slices.Sort(dst)
	return median(dst)
}

// median of sorted values: the mean of the middle two when there are two.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

package stats

import (
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Effect compares two samples: the ratio of one to the other, or their
// difference. It is the only comparison of the package.
//
// Center is the estimate of Hodges and Lehmann (1963). The interval and P
// invert a rank test, so P is below 1 - level exactly if the interval at that
// level excludes 1 (a difference: 0). Both are exact; ties make the interval
// wider and P larger, never the reverse. Exchanging the samples mirrors the
// interval and leaves P.
//
// For samples from the same blocks (RatioPaired, DifferencePaired) the test is
// Wilcoxon's signed-rank test (1945), and Center is the median of the means of
// every two blocks' log ratios, each block with itself included. They suppose
// that log ratios are symmetric around their centre. That holds if nothing
// distinguishes the samples, because then each block could have been measured
// the other way round. For independent samples (Ratio) the test is Mann and
// Whitney's (1947), and Center is the median of the ratios of every value of
// one to every value of the other.
//
// With too few values no interval reaches Level. Lo and Hi then are the range,
// Confidence is what the range reaches, and String leaves the range out.
type Effect struct {
	Interval         // at Level; N is the number of blocks, or of values of the smaller sample
	P        float64 // two-sided; NaN without values

	pairs  []float64 // log ratios (differences) of all pairs, sorted
	values []float64 // of the blocks, if there are blocks
	law    law       // of the rank statistic
	ratio  bool      // pairs holds logarithms
}

// RatioPaired returns the ratio of a to b. Both hold one value per block (one
// pass over all cells), by block number. It leaves out blocks that only one of
// them has and negative values. Two zeros have the ratio 1. Drift between
// blocks cancels.
func RatioPaired(a, b map[int]float64) Effect {
	var logs []float64
	for _, block := range slices.Sorted(maps.Keys(a)) {
		if y, ok := b[block]; ok {
			if r := logRatio(a[block], y); !math.IsNaN(r) {
				logs = append(logs, r)
			}
		}
	}
	return paired(logs, true)
}

// DifferencePaired returns a minus b, in units of the same block's unit if unit
// is not nil. It leaves out blocks that one of them lacks, or whose unit is not
// positive.
func DifferencePaired(a, b, unit map[int]float64) Effect {
	var ds []float64
	for _, block := range slices.Sorted(maps.Keys(a)) {
		y, ok := b[block]
		u := 1.0
		if unit != nil {
			u = unit[block]
		}
		if d := (a[block] - y) / u; ok && u > 0 && !math.IsNaN(d) {
			ds = append(ds, d)
		}
	}
	return paired(ds, false)
}

// Ratio returns the ratio of a to b, for samples that share no blocks. It
// leaves out negative values, NaN and infinities.
func Ratio(a, b []float64) Effect {
	e := Effect{ratio: true}
	as, bs := finite(a), finite(b)
	for _, x := range as {
		for _, y := range bs {
			if r := logRatio(x, y); !math.IsNaN(r) {
				e.pairs = append(e.pairs, r)
			}
		}
	}
	e.N, e.law = min(len(as), len(bs)), rankSums(len(as), len(bs))
	return e.complete()
}

// logRatio returns log(x/y): infinite if one of them is 0, 0 if both are, NaN
// if one is negative.
func logRatio(x, y float64) float64 {
	switch {
	case !(x >= 0) || !(y >= 0):
		return math.NaN()
	case x == y:
		return 0
	}
	return math.Log(x) - math.Log(y) // exactly the negative of logRatio(y, x)
}

func paired(ds []float64, ratio bool) Effect {
	e := Effect{values: ds, ratio: ratio, law: signedRanks(len(ds))}
	e.N = len(ds)
	for i, x := range ds {
		for _, y := range ds[:i+1] {
			m := x/2 + y/2 // x + y could be too large
			if math.IsNaN(m) {
				m = 0 // two infinite ones of opposite signs
			}
			e.pairs = append(e.pairs, m)
		}
	}
	return e.complete()
}

// complete works out interval and P from the pairs.
func (e Effect) complete() Effect {
	if len(e.pairs) == 0 {
		return Effect{Interval: none(), P: math.NaN()}
	}
	slices.Sort(e.pairs)
	e.Interval, _ = e.At(Level)
	notAbove, notBelow := 0, 0
	for _, d := range e.pairs {
		if d <= 0 {
			notAbove++
		}
		if d >= 0 {
			notBelow++
		}
	}
	e.P = min(1, 2*e.law.atMost(min(notAbove, notBelow)))
	return e
}

// At returns the effect with an interval at another level, and whether there
// are enough values for that level. If not, Lo and Hi are the range.
func (e Effect) At(level float64) (iv Interval, ok bool) {
	if len(e.pairs) == 0 {
		return none(), false
	}
	k := e.law.leftOut((1 - level) / 2)
	last := len(e.pairs) - 1
	iv = Interval{Center: median(e.pairs), Lo: e.pairs[k], Hi: e.pairs[last-k], N: e.N, Confidence: 1 - 2*e.law.atMost(k)}
	if e.ratio {
		iv.Center, iv.Lo, iv.Hi = math.Exp(iv.Center), math.Exp(iv.Lo), math.Exp(iv.Hi)
	}
	return iv, iv.Confidence >= level
}

// Spread returns the standard deviation over blocks of the log ratio (or of the
// difference). It is infinite with fewer than two blocks, for independent
// samples, and if a log ratio is infinite.
func (e Effect) Spread() float64 {
	if len(e.values) < 2 {
		return math.Inf(1)
	}
	if sd := stat.StdDev(e.values, nil); !math.IsNaN(sd) {
		return sd
	}
	return math.Inf(1)
}

// LeastPaired returns the smallest P of an Effect of n blocks.
func LeastPaired(n int) float64 { return min(1, 2*signedRanks(n).atMost(0)) }

// Least returns the smallest P of an Effect of independent samples of these
// sizes: that of two samples that do not overlap.
func Least(n, m int) float64 { return min(1, 2*rankSums(n, m).atMost(0)) }

// Among returns the level at which each of k intervals must be taken, so that
// the probability that any of them misses its value stays below Alpha
// (Bonferroni).
func Among(k int) float64 { return 1 - Alpha/float64(max(1, k)) }

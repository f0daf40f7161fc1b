package stats

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Level is the desired confidence of intervals.
const Level = 0.95

// Fewest is the smallest number of values whose range reaches Level as an
// interval for the median.
const Fewest = 6

// Interval is a centre and the interval around it, in the unit of the values.
type Interval struct {
	Center, Lo, Hi float64
	N              int     // number of values
	Confidence     float64 // as reached; below Level there were too few values
}

// Enough reports whether the interval reaches Level.
func (i Interval) Enough() bool { return i.N > 0 && i.Confidence >= Level }

// Contains reports whether x lies in the interval, ends included.
func (i Interval) Contains(x float64) bool { return i.Lo <= x && x <= i.Hi }

// Overlaps reports whether two intervals share a value.
func (i Interval) Overlaps(j Interval) bool { return i.Lo <= j.Hi && j.Lo <= i.Hi }

// String formats "centre [lo, hi]", or "-" if there are no values. All three
// have as many decimals as give the centre three significant digits.
func (i Interval) String() string {
	if i.N == 0 || math.IsNaN(i.Center) {
		return "-"
	}
	d := decimals(i.Center, i.Lo, i.Hi)
	return fmt.Sprintf("%.*f [%.*f, %.*f]", d, i.Center, d, i.Lo, d, i.Hi)
}

// decimals returns how many decimals show the largest of |xs| with three
// significant digits.
func decimals(xs ...float64) int {
	var top float64
	for _, x := range xs {
		if !math.IsInf(x, 0) {
			top = max(top, math.Abs(x))
		}
	}
	switch {
	case top == 0 || top >= 100:
		return 0
	default:
		return min(2-int(math.Floor(math.Log10(top))), 9)
	}
}

// Summarise returns the median of xs with the exact order-statistic interval
// that benchstat prints, too. The ends of the interval are values, so it
// usually exceeds Level. If two choices are equally good it takes the lower
// one. Up to 30 values Confidence is exact, beyond that to 0.002.
//
// Six values are the fewest whose range reaches 95 %. With fewer, Lo and Hi are
// the range, and Confidence is what that range reaches, 1 - 2/2^n. Without
// values N is 0 and the others are NaN. xs is not changed; NaN values do not
// count.
func Summarise(xs []float64) Interval {
	vs := finite(xs)
	n := len(vs)
	if n == 0 {
		return none()
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(vs, &benchmath.DefaultThresholds), Level)
	iv := Interval{Center: s.Center, Lo: s.Lo, Hi: s.Hi, N: n, Confidence: s.Confidence}
	if math.IsInf(s.Lo, 0) || math.IsInf(s.Hi, 0) {
		iv.Lo, iv.Hi = vs[0], vs[n-1]
		iv.Confidence = 1 - math.Pow(0.5, float64(n-1))
	}
	return iv
}

// finite returns a sorted copy of xs without NaN and infinities.
func finite(xs []float64) []float64 {
	vs := make([]float64, 0, len(xs))
	for _, x := range xs {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			vs = append(vs, x)
		}
	}
	slices.Sort(vs)
	return vs
}

func none() Interval {
	return Interval{Center: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
}

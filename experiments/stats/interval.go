package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
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

// String formats "centre [lo, hi]", or "-" if there are no values. The centre
// has at least three significant digits, and so many decimals that the nearer
// end differs from it. An interval that does not reach Level is left out:
// "centre (n = 4)".
func (i Interval) String() string {
	d := 0
	if top := math.Abs(i.Center); top > 0 && top < 100 {
		d = min(2-int(math.Floor(math.Log10(top))), 9)
	}
	return i.Format(d)
}

// Format writes the interval with so many decimals, or with up to three more if
// the nearer end would otherwise read like the centre.
func (i Interval) Format(decimals int) string {
	switch {
	case i.N == 0 || math.IsNaN(i.Center):
		return "-"
	case !i.Enough():
		return fmt.Sprintf("%.*f (n = %d)", decimals, i.Center, i.N)
	}
	near := math.Inf(1) // distance of the nearer end that is not the centre
	for _, end := range []float64{i.Lo, i.Hi} {
		if d := math.Abs(end - i.Center); d > 1e-9*math.Abs(i.Center) { // less is rounding
			near = min(near, d)
		}
	}
	d := decimals
	for ; d < decimals+3 && near < 0.5*math.Pow10(-d); d++ {
	}
	return fmt.Sprintf("%.*f [%.*f, %.*f]", d, i.Center, d, i.Lo, d, i.Hi)
}

// Summarise returns the median of xs with the interval between two order
// statistics that leave out equally many values at either end (Hettmansperger
// and McKean 2011, section 1.3). As many are left out as Level allows, so the
// interval usually exceeds Level; Confidence is exact. Mirrored values have the
// mirrored interval.
//
// Six values are the fewest whose range reaches 95 %. With fewer, Lo and Hi are
// the range, and Confidence is what that range reaches, 1 - 2/2^n. Without
// values N is 0 and the others are NaN. xs is not changed; NaN and infinite
// values do not count.
func Summarise(xs []float64) Interval {
	vs := finite(xs)
	n := len(vs)
	if n == 0 {
		return none()
	}
	below := distuv.Binomial{N: float64(n), P: 0.5} // how many values lie below the median
	k := 0
	for below.CDF(float64(k+1)) <= Alpha/2 {
		k++
	}
	return Interval{Center: median(vs), Lo: vs[k], Hi: vs[n-1-k], N: n, Confidence: 1 - 2*below.CDF(float64(k))}
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

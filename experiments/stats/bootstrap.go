package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// draws is how often a hierarchical bootstrap draws. It is less than Ratio does
// because a report asks for hundreds of these, and each draw looks at every
// interval of every process.
const draws = 2000

// fewest values whose range reaches Level as an interval for the median.
const fewest = 6

// bootstrap gives the interval around centre that n processes drawn anew by
// once make; draws that give no number are not counted.
func bootstrap(centre float64, n int, once func(*rand.Rand) float64) Interval {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	xs := make([]float64, 0, draws)
	for range draws {
		if x := once(rng); !math.IsNaN(x) {
			xs = append(xs, x)
		}
	}
	if len(xs) == 0 {
		return none()
	}
	slices.Sort(xs)
	t := tail(n)
	return Interval{
		Center:     centre,
		Lo:         stat.Quantile(t, stat.Empirical, xs, nil),
		Hi:         stat.Quantile(1-t, stat.Empirical, xs, nil),
		N:          n,
		Confidence: Level,
	}
}

// tail is the share of the draws of n processes beyond each end: less than the
// 2.5 % of a plain percentile interval, because the draws spread too little by
// the square root of (n-1)/n and because n processes ask for Student's quantile
// (Hesterberg 2015). 0.24 % at six processes, 1.6 % at twenty.
func tail(n int) float64 {
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	z := student.Quantile((1+Level)/2) * math.Sqrt(float64(n)/float64(n-1))
	return distuv.UnitNormal.CDF(-z)
}

// over divides: a share of nothing has no upper bound, and nothing of nothing
// is no number.
func over(x, y float64) float64 {
	switch {
	case y > 0:
		return x / y
	case x > 0:
		return math.Inf(1)
	}
	return math.NaN()
}

// overEach divides element by element.
func overEach(xs, ys []float64) []float64 {
	rs := make([]float64, len(xs))
	for i := range xs {
		rs[i] = over(xs[i], ys[i])
	}
	return rs
}

// around widens an interval that is a range so that its centre, found
// otherwise, lies in it.
func (i Interval) around(centre float64) Interval {
	i.Center, i.Lo, i.Hi = centre, min(i.Lo, centre), max(i.Hi, centre)
	return i
}

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

// sample is processes, each of which counts as one, and a statistic of them.
type sample interface {
	len() int
	all() float64                             // the statistic of all processes
	each() []float64                          // of each process alone
	draw(rng *rand.Rand, picks []int) float64 // of those picked, by their number
}

// intervalOf gives a sample's statistic with its interval.
func intervalOf(s sample) Interval {
	if s.len() == 0 {
		return none()
	}
	if s.len() < Fewest {
		return Summarise(s.each()).around(s.all())
	}
	picks := make([]int, s.len())
	return bootstrap(s.all(), s.len(), func(rng *rand.Rand) float64 {
		pick(rng, picks)
		return s.draw(rng, picks)
	})
}

// ratioOf gives the ratio of two independent samples' statistics.
func ratioOf(a, b sample) Interval {
	n := min(a.len(), b.len())
	if n == 0 || !(b.all() > 0) {
		return none()
	}
	centre := a.all() / b.all()
	if n < Fewest {
		return rangeRatio(Summarise(a.each()), Summarise(b.each())).around(centre)
	}
	pa, pb := make([]int, a.len()), make([]int, b.len())
	return bootstrap(centre, n, func(rng *rand.Rand) float64 {
		pick(rng, pa)
		pick(rng, pb)
		return over(a.draw(rng, pa), b.draw(rng, pb))
	})
}

// pairedRatioOf gives the ratio of two samples whose processes of equal number
// are of one block.
func pairedRatioOf(a, b sample) Interval {
	if a.len() == 0 || !(b.all() > 0) {
		return none()
	}
	centre := a.all() / b.all()
	if a.len() < Fewest {
		ratios := a.each()
		for i, y := range b.each() {
			ratios[i] = over(ratios[i], y)
		}
		return Summarise(ratios).around(centre)
	}
	picks := make([]int, a.len())
	return bootstrap(centre, a.len(), func(rng *rand.Rand) float64 {
		pick(rng, picks)
		return over(a.draw(rng, picks), b.draw(rng, picks))
	})
}

// pick draws a process for each place, with replacement.
func pick(rng *rand.Rand, picks []int) {
	for i := range picks {
		picks[i] = rng.IntN(len(picks))
	}
}

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

// around widens an interval that is a range so that its centre, found
// otherwise, lies in it.
func (i Interval) around(centre float64) Interval {
	i.Center, i.Lo, i.Hi = centre, min(i.Lo, centre), max(i.Hi, centre)
	return i
}

package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// draws is the number of draws of a hierarchical bootstrap. It is smaller than
// that of Ratio because a report needs hundreds of bootstraps, and each draw
// reads every interval of every process.
const draws = 2000

// sample is a set of processes, each with the same weight, and a statistic of
// them.
type sample interface {
	len() int
	all() float64                             // the statistic of all processes
	each() []float64                          // the statistic of each process alone
	draw(rng *rand.Rand, picks []int) float64 // the statistic of the processes with the numbers in picks
}

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

// ratioOf returns the ratio of two independent samples' statistics.
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

// pairedRatioOf returns the ratio of two samples. Processes with the same
// number are from the same block.
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

// bootstrap returns the interval around centre for n processes. once returns
// the statistic of one draw; a NaN does not count.
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

// tail returns the share of the draws beyond each end, for n processes. It is
// less than the 2.5 % of a plain percentile interval, because the draws spread
// too little by the square root of (n-1)/n, and because n processes call for
// Student's quantile (Hesterberg 2015). It is 0.24 % for 6 processes and 1.6 %
// for 20.
func tail(n int) float64 {
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	z := student.Quantile((1+Level)/2) * math.Sqrt(float64(n)/float64(n-1))
	return distuv.UnitNormal.CDF(-z)
}

// over divides x by y. It returns +Inf if only y is 0, and NaN if both are.
func over(x, y float64) float64 {
	switch {
	case y > 0:
		return x / y
	case x > 0:
		return math.Inf(1)
	}
	return math.NaN()
}

// around replaces the centre of an interval that is a range, and widens the
// range so that it contains the centre.
func (i Interval) around(centre float64) Interval {
	i.Center, i.Lo, i.Hi = centre, min(i.Lo, centre), max(i.Hi, centre)
	return i
}

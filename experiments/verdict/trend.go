package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"lflab/experiments/stats"
)

// judgeTrend decides whether ratios approach Rule.Towards.
func (t *trials) judgeTrend(r *RuleResult) {
	r.Series = t.series(r)
	falling, rising := make([]float64, len(r.Series)), make([]float64, len(r.Series))
	for i := range r.Series {
		s := &r.Series[i]
		samples := make([][]float64, len(s.Levels))
		for l, p := range s.Levels {
			samples[l] = distances(p.byBlock, r.Rule.Towards)
			s.Distances = append(s.Distances, stats.Summarise(samples[l]))
		}
		falling[i], rising[i] = math.NaN(), math.NaN()
		if s.Why = t.short(s); s.Why == "" {
			trend := stats.Monotone(s.At, samples)
			falling[i], rising[i] = trend.Falling, trend.Rising
		}
	}
	falling, rising = stats.Holm(falling), stats.Holm(rising)
	for i := range r.Series {
		s := &r.Series[i]
		s.Falling, s.Rising = falling[i], rising[i]
		s.Outcome, s.Why = approaches(s, r.Rule.Towards)
	}
	t.closeSeries(r)
}

// distances returns the distances of ratios from towards, as absolute
// logarithms of factors.
func distances(byBlock map[int]float64, towards float64) []float64 {
	var ds []float64
	for _, block := range slices.Sorted(maps.Keys(byBlock)) {
		ds = append(ds, math.Abs(math.Log(byBlock[block]/towards)))
	}
	return ds
}

// approaches decides a series. Why says what it is too short for, if anything.
func approaches(s *Series, towards float64) (Outcome, string) {
	for i := 1; i < len(s.Distances); i++ {
		a, b := s.Distances[i-1], s.Distances[i]
		if a.Enough() && b.Enough() && b.Lo > a.Hi {
			return Contradicted, fmt.Sprintf("it goes away from %s between %s and %s", number(towards), s.Levels[i-1].Along, s.Levels[i].Along)
		}
	}
	switch {
	case s.Why != "":
		return Undecided, s.Why
	case s.Rising < stats.Alpha:
		return Contradicted, fmt.Sprintf("it goes away from %s, %s", number(towards), stats.PText(s.Rising))
	case s.Falling >= stats.Alpha:
		return Undecided, fmt.Sprintf("no trend could be shown, %s", stats.PText(s.Falling))
	case s.Distances[len(s.Distances)-1].Center >= s.Distances[0].Center:
		return Undecided, "it ends no nearer than it began"
	}
	return Confirmed, ""
}

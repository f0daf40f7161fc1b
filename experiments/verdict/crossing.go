package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"lflab/experiments/stats"
)

// judgeCrossing decides whether ratios cross 1.
func (t *trials) judgeCrossing(r *RuleResult) {
	r.Series = t.series(r)
	below := r.Rule.Below > 0
	for i := range r.Series {
		s := &r.Series[i]
		s.Place = s.place(below)
		s.Outcome = Undecided
		if s.Why = t.short(s); s.Why == "" {
			s.Outcome, s.Why = crosses(s, below, r.Rule.Margin)
		}
	}
	t.closeSeries(r)
}

// crosses decides a series whose levels all have enough blocks.
func crosses(s *Series, below bool, margin float64) (Outcome, string) {
	begins, ends := stats.Below, stats.Above
	if !below {
		begins, ends = ends, begins
	}
	all := func(is func(stats.Interval) bool) bool {
		return !slices.ContainsFunc(s.Levels, func(p Pair) bool { return !is(p.Effect.Interval) })
	}
	first, last := s.Levels[0].Effect.Side(1), s.Levels[len(s.Levels)-1].Effect.Side(1)
	for _, side := range []stats.Side{stats.Below, stats.Above} {
		if all(func(i stats.Interval) bool { return i.Side(1) == side }) {
			return Contradicted, fmt.Sprintf("it is %s 1 at every level", side)
		}
	}
	switch {
	case margin > 0 && all(func(i stats.Interval) bool { return stats.Equivalent(i, 1/(1+margin), 1+margin) }):
		return Equivalent, fmt.Sprintf("it is within %.3g %% of 1 at every level", 100*margin)
	case first == begins && last == ends:
		return Confirmed, ""
	case first == ends && last == begins:
		return Contradicted, "it passes 1 the other way"
	}
	return Undecided, fmt.Sprintf("it is %s 1 at %s and %s 1 at %s", first, s.Levels[0].Along, last, s.Levels[len(s.Levels)-1].Along)
}

// place returns where the medians cross 1, with an interval over the blocks
// that have all levels and cross 1.
func (s *Series) place(below bool) stats.Interval {
	var medians []float64
	for _, p := range s.Levels {
		medians = append(medians, p.Effect.Center)
	}
	center := passes(s.At, medians, below)
	var places []float64
	for _, block := range slices.Sorted(maps.Keys(s.Levels[0].byBlock)) {
		var ratios []float64
		for _, p := range s.Levels {
			if r, ok := p.byBlock[block]; ok {
				ratios = append(ratios, r)
			}
		}
		if len(ratios) == len(s.Levels) {
			places = append(places, passes(s.At, ratios, below)) // Summarise ignores NaN
		}
	}
	iv := stats.Summarise(places)
	iv.Center = center
	return iv
}

// passes returns where ratios first go from the claimed side of 1 to the other,
// or NaN if they do not. Between levels it interpolates log(ratio) linearly.
func passes(at, ratios []float64, below bool) float64 {
	for i := 1; i < len(ratios); i++ {
		a, b := math.Log(ratios[i-1]), math.Log(ratios[i])
		if !below {
			a, b = -a, -b
		}
		if a < 0 && b >= 0 && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
			return at[i-1] + (at[i]-at[i-1])*a/(a-b)
		}
	}
	return math.NaN()
}

package verdict

import (
	"maps"
	"math"
	"slices"
	"strings"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Series is the pairs that differ only in the rule's axis.
type Series struct {
	Levels  []Pair // in the order of the axis' numbers
	At      []float64
	Outcome Outcome
	Why     string // why it is undecided, or what contradicts

	// For a trend: how far the levels are from Towards, and the p-values of the
	// test for a fall and a rise of that distance, corrected after Holm over
	// the rule's series.
	Distances []stats.Interval
	Falling   float64
	Rising    float64

	// For a crossing: where it is on the axis, interpolated between the levels'
	// medians. The interval is over the N blocks that cross.
	Place stats.Interval
}

// series groups the pairs of a rule, and sorts r.Pairs accordingly.
func (t *trials) series(r *RuleResult) []Series {
	q := r.Rule
	axis := suite.Axis{Name: q.Along}
	for _, a := range t.run.Manifest.Axes {
		if a.Name == q.Along {
			axis.Values = a.Values
		}
	}
	var order []string
	groups := map[string][]Pair{}
	for _, p := range t.pairs(q) {
		if _, ok := axis.Number(p.Along); !ok {
			continue // not a number; the reader of rules refuses such an axis
		}
		k := seriesKey(p, q.Along)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], p)
	}
	number := func(p Pair) float64 {
		x, _ := axis.Number(p.Along)
		return x
	}
	var all []Series
	for _, k := range order {
		slices.SortStableFunc(groups[k], func(a, b Pair) int { return int(math.Copysign(1, number(a)-number(b))) })
		r.Pairs = append(r.Pairs, groups[k]...)
	}
	for from := 0; len(all) < len(order); {
		to := from + len(groups[order[len(all)]])
		s := Series{Levels: r.Pairs[from:to:to]}
		for _, p := range s.Levels {
			s.At = append(s.At, number(p))
		}
		all, from = append(all, s), to
	}
	return all
}

// seriesKey is the same for two pairs that differ only in the axis.
func seriesKey(p Pair, axis string) string {
	of, to := maps.Clone(p.Of.Cell), maps.Clone(p.To.Cell)
	delete(of, axis)
	delete(to, axis)
	return key(of) + "\x01" + key(to)
}

// short says why a series cannot be judged, or returns "" if it can.
func (t *trials) short(s *Series) string {
	if len(s.Levels) < 2 {
		return "there is one level alone"
	}
	var why []string
	for i := range s.Levels {
		if p := &s.Levels[i]; !p.Interval.Enough() {
			why = append(why, "at "+p.Along+" "+t.few(p))
		}
	}
	return strings.Join(why, "; ")
}

// closeSeries combines the series of a rule into its outcome and reason.
func (t *trials) closeSeries(r *RuleResult) {
	if len(r.Series) == 0 {
		r.Outcome, r.Reason = t.noPairs(r.Rule)
		return
	}
	outcomes := make([]Outcome, len(r.Series))
	for i := range r.Series {
		outcomes[i] = r.Series[i].Outcome
	}
	r.Outcome = combine(outcomes, r.Rule.Each)
	r.Reason = tally(r.Outcome, outcomes, "series") + r.decisiveSeries().text(r.Rule)
}

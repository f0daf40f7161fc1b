package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Side says whether a pair or a series supports the claim.
type Side string

// Sides. Pairs of a series have none, because the series has one.
const (
	Supports    Side = "supports"
	Contradicts Side = "contradicts"
	Open        Side = "open"
)

// Pair compares two cells, or two metrics or phases of one cell.
type Pair struct {
	Of, To End
	Shared string // the values that both have: "mode = close"
	Along  string // the value of the rule's axis, if the pair belongs to a series

	// Interval of the ratio or the gain, over blocks that have both.
	Interval stats.Interval
	P        float64 // Mann-Whitney's, for the two cells' values; NaN if one has none
	Holm     float64 // P, corrected over all pairs of the rule
	Side     Side
	Why      string // why it is open

	// Resampled is the same ratio by a hierarchical bootstrap over processes
	// and their parts (intervals of time for a throughput or a mean, requests
	// for a quantile), paired by block. It is a second opinion that decides
	// nothing. N is 0 if the run has no such data, and for gains.
	Resampled stats.Interval

	gain    bool   // it is a difference and not a ratio
	unit    string // the metric that it is measured in; empty for its own unit
	byBlock map[int]float64
}

func (t *trials) pairs(q suite.Rule) []Pair {
	var ps []Pair
	for _, of := range t.cells {
		if !q.Of.Has(of) || !q.Where.Has(of) {
			continue
		}
		for _, to := range t.cells {
			if q.To.Has(to) && t.alike(of, to, q.To) && !(maps.Equal(of, to) && q.Metric == q.ToMetric && q.Phase == q.ToPhase) {
				ps = append(ps, t.pair(q, of, to))
			}
		}
	}
	correct(ps)
	return ps
}

// alike reports whether two cells differ only in the axes of but.
func (t *trials) alike(a, b record.Cell, but suite.Match) bool {
	for _, x := range t.run.Manifest.Axes {
		if _, free := but[x.Name]; !free && a[x.Name] != b[x.Name] {
			return false
		}
	}
	return true
}

func (t *trials) pair(q suite.Rule, of, to record.Cell) Pair {
	p := Pair{Of: t.end(of, q.Metric, q.Phase), To: t.end(to, q.ToMetric, q.ToPhase), Along: of[q.Along]}
	p.Of.Name, p.To.Name, p.Shared = t.names(of, to, q.Along)
	if q.Kind == suite.RuleGain {
		p.gain, p.unit = true, q.Unit
		if q.Unit == "" {
			p.byBlock = gains(p.Of.byBlock, p.To.byBlock, nil)
		} else {
			unit := t.end(of, q.Unit, q.UnitFrom)
			p.byBlock = gains(p.Of.byBlock, p.To.byBlock, unit.byBlock)
		}
	} else {
		p.byBlock = ratios(p.Of.byBlock, p.To.byBlock)
		p.Resampled = t.resample(&p)
	}
	p.Interval = summarise(p.byBlock)
	p.P = math.NaN()
	if len(p.Of.byBlock) > 0 && len(p.To.byBlock) > 0 {
		p.P = stats.Compare(p.Of.values(), p.To.values())
	}
	return p
}

// names returns the names of two cells beside each other, and the values that
// both have.
func (t *trials) names(of, to record.Cell, along string) (a, b, shared string) {
	var as, bs, both []string
	for _, x := range t.run.Manifest.Axes {
		switch {
		case of[x.Name] != to[x.Name]:
			as, bs = append(as, named(x.Name, of[x.Name])), append(bs, named(x.Name, to[x.Name]))
		case len(x.Values) > 1 && x.Name != along:
			both = append(both, x.Name+" = "+of[x.Name])
		}
	}
	return strings.Join(as, "/"), strings.Join(bs, "/"), strings.Join(both, ", ")
}

// ratios returns the ratios within blocks. If both values are 0 the ratio is 1.
func ratios(of, to map[int]float64) map[int]float64 {
	rs := map[int]float64{}
	for block, x := range of {
		y, ok := to[block]
		switch {
		case !ok:
		case x == y:
			rs[block] = 1
		default:
			rs[block] = x / y // +Inf if y is 0
		}
	}
	return rs
}

// gains returns the differences within blocks, in units of that block's unit
// value, or unscaled if unit is nil.
func gains(of, to, unit map[int]float64) map[int]float64 {
	gs := map[int]float64{}
	for block, x := range of {
		y, ok := to[block]
		u := 1.0
		if unit != nil {
			u = unit[block]
		}
		if ok && u > 0 {
			gs[block] = (y - x) / u
		}
	}
	return gs
}

// summarise returns the median over blocks with its interval. If a ratio is
// infinite, it takes the median of the shares x/(x+y), which have the same
// order, and converts it back to a ratio.
func summarise(byBlock map[int]float64) stats.Interval {
	xs := slices.Sorted(maps.Values(byBlock))
	if len(xs) == 0 || !math.IsInf(xs[len(xs)-1], 1) {
		return stats.Summarise(xs)
	}
	for i, r := range xs {
		xs[i] = 1 - 1/(1+r)
	}
	iv := stats.Summarise(xs)
	for _, end := range []*float64{&iv.Center, &iv.Lo, &iv.Hi} {
		*end /= 1 - *end
	}
	return iv
}

// correct applies Holm's correction over the pairs of a rule.
func correct(ps []Pair) {
	raw := make([]float64, len(ps))
	for i := range ps {
		raw[i] = ps[i].P
	}
	for i, p := range stats.Holm(raw) {
		ps[i].Holm = p
	}
}

// least returns the smallest corrected p-value that so many pairs of these
// sizes can reach: that of two samples that do not overlap.
func (p *Pair) least(pairs int) float64 {
	return min(1, float64(pairs)*stats.LeastP(len(p.Of.byBlock), len(p.To.byBlock)))
}

// few says why a pair has too few blocks to decide.
func (t *trials) few(p *Pair) string {
	var why []string
	for _, e := range []*End{&p.Of, &p.To} {
		if w := t.lacks(e); w != "" && !slices.Contains(why, w) {
			why = append(why, w)
		}
	}
	both := fmt.Sprintf("%s %s both, %d are needed", count(len(p.byBlock), "block"), hasHave(len(p.byBlock)), stats.Fewest)
	if len(why) > 0 {
		both += ": " + strings.Join(why, ", ")
	}
	return both
}

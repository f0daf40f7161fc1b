package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Pair compares two cells, or two metrics or phases of one cell.
type Pair struct {
	Of, To End
	Shared string // the values that both have: "mode = close"
	Along  string // the value of the rule's axis, if the pair belongs to a series

	// Effect is the ratio or the gain over blocks that have both. Interval is
	// its interval at the level that can confirm the rule: 95 %, or more if one
	// of several pairs suffices.
	Effect   stats.Effect
	Interval stats.Interval
	Outcome  Outcome // empty in a series, which has one itself
	Why      string  // why it is undecided or not testable

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
	for i := range ps {
		confirm, _ := levels(q, len(ps))
		ps[i].Interval, _ = ps[i].Effect.At(confirm)
	}
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
	p.byBlock = ratios(p.Of.byBlock, p.To.byBlock)
	p.Effect = stats.RatioPaired(p.Of.byBlock, p.To.byBlock)
	if q.Kind == suite.RuleGain {
		var unit map[int]float64
		if p.gain, p.unit = true, q.Unit; q.Unit != "" {
			e := t.end(of, q.Unit, q.UnitFrom)
			unit = e.byBlock
		}
		p.Effect = stats.DifferencePaired(p.To.byBlock, p.Of.byBlock, unit)
	}
	p.Interval = p.Effect.Interval
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

// untestable says what the machine lacks for a pair, if that is why there are
// no values.
func (t *trials) untestable(p *Pair) string {
	for _, e := range []*End{&p.Of, &p.To} {
		if len(e.byBlock) > 0 || e.Valid == 0 {
			continue
		}
		for _, s := range t.run.Manifest.Skipped {
			if why, ok := strings.CutPrefix(s, "probe: "); ok && record.MetricOf(e.Metric).NeedsProbe() {
				return fmt.Sprintf("%s needs the kernel probe: %s", quantityOf(e.Metric).Words, why)
			}
		}
	}
	return ""
}

// few says why a pair has too few blocks to decide.
func (t *trials) few(p *Pair) string {
	var why []string
	for _, e := range []*End{&p.Of, &p.To} {
		if w := t.lacks(e); w != "" && !slices.Contains(why, w) {
			why = append(why, w)
		}
	}
	both := fmt.Sprintf("%s %s both, %d are needed", count(p.Effect.N, "block"), hasHave(p.Effect.N), stats.Fewest)
	if len(why) > 0 {
		both += ": " + strings.Join(why, ", ")
	}
	return both
}

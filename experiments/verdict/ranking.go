package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Ranking is the result of a rule about the order of an axis' values.
type Ranking struct {
	Conditions []string // combinations of the other axes, as "place = same"
	Taus       []Tau    // for every two conditions
}

// Tau says how similarly two conditions rank the values: Kendall's tau-b, 1 if
// they agree on all pairs, -1 if they agree on none.
type Tau struct {
	A, B       string
	Tau        float64
	N          int // number of values that both have
	Discordant int // number of pairs of values that they order in opposite ways
}

// condition is a combination of values of the axes that are not ranked.
type condition struct {
	name  string
	cells map[string]record.Cell // by the value of the ranked axis
}

// judgeRanking decides whether the order of an axis' values depends on the
// other axes.
func (t *trials) judgeRanking(r *RuleResult) {
	conditions := t.conditions(r)
	values := t.values(r.Rule.Axis)
	// at[c][k] is the index in r.Pairs of the pair k of values in condition c,
	// or -1.
	at := make([][]int, len(conditions))
	for c, cond := range conditions {
		for i, a := range values {
			for _, b := range values[i+1:] {
				of, to := cond.cells[a], cond.cells[b]
				if of == nil || to == nil {
					at[c] = append(at[c], -1)
					continue
				}
				at[c] = append(at[c], len(r.Pairs))
				r.Pairs = append(r.Pairs, t.pair(r.Rule, of, to))
			}
		}
	}
	for i := range r.Pairs {
		r.Pairs[i].Interval, _ = r.Pairs[i].Effect.At(stats.Among(len(r.Pairs)))
	}
	r.Ranking = rank(conditions, values, r.Pairs)
	switch {
	case len(values) < 2 || len(r.Pairs) == 0:
		r.Reason = fmt.Sprintf("there are no two values of %s to rank", r.Rule.Axis)
	case len(conditions) < 2:
		r.Reason = "there is one condition alone, and so one order"
	default:
		t.decideRanking(r, at)
	}
}

func (t *trials) decideRanking(r *RuleResult, at [][]int) {
	differing, steady := 0, 0
	var first *Pair
	for k := range at[0] {
		var low, high *Pair
		known, significant := 0, 0
		for c := range at {
			if at[c][k] < 0 {
				continue
			}
			known++
			p := &r.Pairs[at[c][k]]
			switch direction(p, len(r.Pairs)) {
			case -1:
				low, significant = p, significant+1
			case 1:
				high, significant = p, significant+1
			}
		}
		if low != nil && high != nil {
			r.Outcome = Confirmed
			r.Reason = low.text() + ", but " + high.text()
			return
		}
		if significant == 0 {
			continue
		}
		if differing++; significant == known {
			steady++
		}
		if first == nil {
			if first = low; low == nil {
				first = high
			}
		}
	}
	pairs := count(len(at[0]), "pair")
	switch {
	case differing == 0:
		r.Reason = t.nothingDiffers(r, pairs)
	case differing == steady:
		r.Outcome = Contradicted
		r.Reason = fmt.Sprintf("%d of %s of values differ, in all %s and alike in all of them%s", differing, pairs, count(len(at), "condition"), r.Ranking.text())
	default:
		r.Reason = fmt.Sprintf("%d of %s of values differ, %d of them in all %s, and none in both directions%s",
			differing, pairs, steady, count(len(at), "condition"), r.Ranking.text())
	}
}

// nothingDiffers says why no two values could be distinguished.
func (t *trials) nothingDiffers(r *RuleResult, pairs string) string {
	few, most := "", 0
	for i := range r.Pairs {
		p := &r.Pairs[i]
		most = max(most, p.Effect.N)
		if !p.Effect.Enough() && few == "" {
			few = "; of " + p.Of.Name + " and " + p.To.Name + " " + t.few(p)
		}
	}
	if stats.LeastPaired(most) > 1-stats.Among(len(r.Pairs)) {
		few += fmt.Sprintf("; among %s, %s cannot show any", count(len(r.Pairs), "comparison"), count(most, "block"))
	}
	return fmt.Sprintf("none of %s of values differs in any condition%s", pairs, few)
}

// direction returns -1 if the first of two values is smaller beyond what chance
// makes among k comparisons, 1 if it is larger, else 0.
func direction(p *Pair, k int) int {
	switch iv := at(p.Effect, stats.Among(k)); {
	case iv.Hi < 1:
		return -1
	case iv.Lo > 1:
		return 1
	}
	return 0
}

// conditions returns the conditions in the order of the cells.
func (t *trials) conditions(r *RuleResult) []condition {
	var all []condition
	for _, cell := range t.cells {
		if !r.Rule.Where.Has(cell) {
			continue
		}
		var parts []string
		for _, a := range t.run.Manifest.Axes {
			if a.Name != r.Rule.Axis && len(a.Values) > 1 {
				parts = append(parts, a.Name+" = "+cell[a.Name])
			}
		}
		name := strings.Join(parts, ", ")
		i := slices.IndexFunc(all, func(c condition) bool { return c.name == name })
		if i < 0 {
			i, all = len(all), append(all, condition{name, map[string]record.Cell{}})
		}
		all[i].cells[cell[r.Rule.Axis]] = cell
	}
	return all
}

func (t *trials) values(axis string) []string {
	for _, a := range t.run.Manifest.Axes {
		if a.Name == axis {
			return a.Values
		}
	}
	return nil
}

// rank compares the orders of the medians in the conditions.
func rank(conditions []condition, values []string, ps []Pair) *Ranking {
	medians := map[string]float64{}
	for i := range ps {
		for _, e := range []*End{&ps[i].Of, &ps[i].To} {
			medians[key(e.Cell)] = e.Median.Center
		}
	}
	r := &Ranking{}
	for i, a := range conditions {
		r.Conditions = append(r.Conditions, a.name)
		for _, b := range conditions[i+1:] {
			var xs, ys []float64
			for _, v := range values {
				x, okX := medians[key(a.cells[v])]
				y, okY := medians[key(b.cells[v])]
				if okX && okY && !math.IsNaN(x) && !math.IsNaN(y) {
					xs, ys = append(xs, x), append(ys, y)
				}
			}
			tau := Tau{A: a.name, B: b.name, N: len(xs)}
			tau.Tau, tau.Discordant = stats.Kendall(xs, ys)
			r.Taus = append(r.Taus, tau)
		}
	}
	return r
}

// text describes the two conditions that agree least. It is empty if there are
// none.
func (r *Ranking) text() string {
	var least *Tau
	for i := range r.Taus {
		if x := &r.Taus[i]; !math.IsNaN(x.Tau) && (least == nil || x.Tau < least.Tau) {
			least = x
		}
	}
	if least == nil {
		return ""
	}
	return fmt.Sprintf("; Kendall's tau between conditions is %.2f at least (%s and %s, %s)", least.Tau, least.A, least.B, count(least.N, "value"))
}

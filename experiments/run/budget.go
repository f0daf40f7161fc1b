package run

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// With a time budget, a plan grows in rounds, each with its own block number.
// When a round has ended, the measurements so far choose the next. First come
// whole blocks, up to the suite's number. Then come the cells with the widest
// intervals, together with the cells they are compared with, so that paired
// ratios have whole pairs. The run ends when all intervals are narrow enough at
// two looks in a row, which takes at least nine blocks unless the suite asks for
// fewer, or when no further round fits. The clock decides only whether a round
// still fits.
const (
	widestShare  = 0.5 // of the widest interval: wider cells join the round
	mostBlocks   = 1000
	hopelessCell = 6 // trials, none of them valid, after which a cell is given up
)

// BudgetError says that not even one block fits into the budget.
type BudgetError struct{ Budget, Needed time.Duration }

func (e *BudgetError) Error() string {
	return fmt.Sprintf("a budget of %v is too short: one trial of each cell takes about %v", e.Budget, e.Needed.Round(time.Second))
}

// planWithin plans the whole blocks that should fit, by the estimates.
func (x *Experiment) planWithin(cells []record.Cell) error {
	m := &x.Manifest
	m.Plan = record.NewPlan(cells, 1, m.Seed)
	block := newPace(x.estimate).of(m.Plan)
	blocks := int(m.BudgetS / block)
	if blocks < 1 {
		return &BudgetError{Budget: seconds(m.BudgetS), Needed: seconds(math.Ceil(block))}
	}
	m.Plan = record.NewPlan(cells, min(blocks, m.Repeat), m.Seed)
	return nil
}

// next returns the round that follows a finished plan, with left seconds to go.
// An empty round ends the run; why is the reason.
func (x *Experiment) next(r *record.Run, p *pace, left float64) (round []record.Planned, why string) {
	cells := r.Cells()
	block := 0
	for _, t := range r.Manifest.Plan {
		block = max(block, t.Repetition+1)
	}
	all := widths(r, cells)
	switch {
	case block >= min(stats.FewestLooks, x.Manifest.Repeat) && narrow(all) && narrow(widths(before(r, block-1), cells)):
		return nil, stoppedBy(all)
	case block >= mostBlocks:
		return nil, fmt.Sprintf("there are %d blocks", block)
	}
	if block < x.Manifest.Repeat || narrow(all) { // or for a second look
		if whole := record.PlanBlock(cells, block, x.Manifest.Seed); p.of(whole) <= left {
			return whole, ""
		}
	}
	var chosen []record.Cell
	for _, w := range widest(all) {
		more := slices.Clone(chosen)
		for _, c := range append([]record.Cell{w.cell}, compared(r, w.cell, cells)...) {
			if !slices.ContainsFunc(more, func(d record.Cell) bool { return maps.Equal(c, d) }) {
				more = append(more, c)
			}
		}
		if p.of(record.PlanBlock(more, block, x.Manifest.Seed)) <= left {
			chosen = more
		}
	}
	if len(chosen) == 0 {
		return nil, "no further trials fit into the budget"
	}
	// The round follows the order of the cells, not their widths.
	chosen = slices.DeleteFunc(slices.Clone(cells), func(c record.Cell) bool {
		return !slices.ContainsFunc(chosen, func(d record.Cell) bool { return maps.Equal(c, d) })
	})
	return record.PlanBlock(chosen, block, x.Manifest.Seed), ""
}

// narrow reports whether no cell needs more trials.
func narrow(all []width) bool {
	return !slices.ContainsFunc(all, func(w width) bool { return !w.narrow })
}

// before returns the run as it was before a block.
func before(r *record.Run, block int) *record.Run {
	earlier := *r
	earlier.Trials = slices.DeleteFunc(slices.Clone(r.Trials), func(t record.Trial) bool { return t.Repetition >= block })
	return &earlier
}

// width describes the widest interval of a cell's targets.
type width struct {
	cell   record.Cell
	wide   float64 // half the interval over the median; infinite if there are too few values
	narrow bool    // all intervals are narrow, or the cell is lost
	lost   bool    // no trial of many is valid: more would not help
}

// stoppedBy says why no cell needs more trials.
func stoppedBy(widths []width) string {
	lost := 0
	for _, w := range widths {
		if w.lost {
			lost++
		}
	}
	text := fmt.Sprintf("all intervals are within %.0f %% of their medians", 100*stats.NarrowEnough)
	if lost > 0 {
		text += fmt.Sprintf(", but for %d cells of which no trial counts", lost)
	}
	return text
}

// widest returns the cells of the next round, the widest first: those at least
// widestShare as wide as the widest.
func widest(all []width) []width {
	open := slices.DeleteFunc(slices.Clone(all), func(w width) bool { return w.narrow })
	slices.SortStableFunc(open, func(a, b width) int { return cmp.Compare(b.wide, a.wide) })
	return slices.DeleteFunc(slices.Clone(open), func(w width) bool { return w.wide < widestShare*open[0].wide })
}

// target is a metric whose interval should become narrow.
type target struct{ phase, metric string }

// widths returns the widths of the cells, in their order.
func widths(r *record.Run, cells []record.Cell) []width {
	all := make([]width, len(cells))
	for i, cell := range cells {
		w := width{cell: cell, narrow: true}
		ran, valid := ran(r, cell)
		for _, t := range targets(r, cell) {
			iv := stats.Summarise(slices.Collect(maps.Values(r.ByBlock(cell, t.phase, *record.MetricOf(t.metric)))))
			switch {
			case iv.N == 0: // the cell lacks the metric, perhaps only so far
				continue
			case iv.N == 1:
				w.narrow, w.wide = false, math.Inf(1)
				continue
			case iv.Center == 0: // there is no width relative to 0
				continue
			}
			w.narrow = w.narrow && stats.Narrow(iv, stats.NarrowEnough)
			w.wide = max(w.wide, max(iv.Center-iv.Lo, iv.Hi-iv.Center)/math.Abs(iv.Center))
		}
		if valid == 0 {
			w.lost = ran >= hopelessCell
			w.narrow, w.wide = w.lost, math.Inf(1)
		}
		all[i] = w
	}
	return all
}

// ran counts the trials of the cell that were run, and the valid ones of them.
func ran(r *record.Run, cell record.Cell) (ran, valid int) {
	for i := range r.Trials {
		if t := &r.Trials[i]; maps.Equal(t.Cell, cell) {
			ran++
			if slices.ContainsFunc(r.Manifest.Phases, func(p record.Phase) bool { return t.Counts(p.Name) }) {
				valid++
			}
		}
	}
	return ran, valid
}

// targets returns the metrics that the suite's rules use in the cell. Without
// rules these are, for each phase, CPU time per request and the first
// distribution that it has.
func targets(r *record.Run, cell record.Cell) (ts []target) {
	add := func(phase, metric string) {
		if t := (target{phase, metric}); record.MetricOf(metric) != nil && !slices.Contains(ts, t) {
			ts = append(ts, t)
		}
	}
	for _, q := range r.Manifest.Rules {
		if !q.Where.Has(cell) {
			continue
		}
		if q.Kind == suite.RuleRanking || q.Of.Has(cell) {
			add(q.Phase, q.Metric)
			if q.Unit != "" {
				add(q.UnitFrom, q.Unit)
			}
		}
		if q.To.Has(cell) {
			add(q.ToPhase, q.ToMetric)
		}
	}
	if len(r.Manifest.Rules) > 0 {
		return ts
	}
	for _, p := range r.Manifest.Phases {
		add(p.Name, "cpu_us_per_request")
		for _, metric := range []string{"latency_p50_ns", "H_p50_ns", "H_mean_ns"} {
			if len(r.ByBlock(cell, p.Name, *record.MetricOf(metric))) > 0 {
				add(p.Name, metric)
				break
			}
		}
	}
	return ts
}

// compared returns the cells that a rule or a ratio compares with this one.
func compared(r *record.Run, cell record.Cell, cells []record.Cell) (others []record.Cell) {
	for _, other := range cells {
		if !maps.Equal(cell, other) && (pair(r, cell, other) || pair(r, other, cell)) {
			others = append(others, other)
		}
	}
	return others
}

// pair reports whether a rule or a ratio divides of by to.
func pair(r *record.Run, of, to record.Cell) bool {
	apart := func(but func(axis string) bool) bool {
		return !slices.ContainsFunc(r.Manifest.Axes, func(a record.Axis) bool { return of[a.Name] != to[a.Name] && !but(a.Name) })
	}
	return slices.ContainsFunc(r.Manifest.Rules, func(q suite.Rule) bool {
		switch {
		case !q.Where.Has(of):
			return false
		case q.Kind == suite.RuleRanking:
			return apart(func(axis string) bool { return axis == q.Axis })
		}
		return q.Of.Has(of) && q.To.Has(to) && apart(func(axis string) bool { _, free := q.To[axis]; return free })
	}) || slices.ContainsFunc(r.Manifest.Ratios, func(q suite.Ratio) bool {
		return slices.Contains(q.Values, to[q.Axis]) && apart(func(axis string) bool { return axis == q.Axis })
	})
}

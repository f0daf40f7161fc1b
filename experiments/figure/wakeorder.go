package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

var _ = enter(140, one((*View).orderFigure))

// orderFigure draws how the order in which followers wake spreads requests over
// threads, and the median of D against the memory that a handler walks.
func (v *View) orderFigure() Figure {
	f := Figure{Name: "order", Headline: "F8", Title: "Wake order: who serves, and what warmth is worth"}
	order, ok := v.Axis("order")
	if !ok {
		return f.without("no axis is order")
	}
	looks := map[string]plot.Style{}
	for i, value := range order.Values {
		looks[value] = orderLooks[i%len(orderLooks)]
	}
	kib, warm := v.Axis("kib")
	shown := map[string]bool{}
	var drawn []plot.Series
	var ranks, warmth []plot.Tile
	for _, ph := range v.Undisturbed(v.Phases, true) {
		for _, p := range v.Combinations(order.Name, kib.Name) {
			var ss []plot.Series
			var gini []string
			for _, value := range order.Values {
				points, g := v.served(ph.Name, p.Cell.With(order.Name, value))
				ss = append(ss, plot.Series{Name: value, Style: looks[value], Points: points})
				if g.N > 0 {
					gini = append(gini, fmt.Sprintf("%s %.2f", value, g.Center))
				}
			}
			if pl := rankPanel(ss); pl != nil {
				drawn = append(drawn, ss...)
				ranks = append(ranks, plot.Tile{Plot: pl, Title: findings.JoinTitle(p.Title, "Gini: "+strings.Join(gini, ", "))})
				shown[ph.Name] = true
			}
		}
	}
	d, phases := v.dispatchMedian()
	for _, ph := range phases {
		if !warm {
			break
		}
		for _, p := range v.Combinations(order.Name, kib.Name) {
			var ss []plot.Series
			for _, value := range order.Values {
				ss = append(ss, plot.Series{Name: value, Style: looks[value], Points: v.along(kib, ph.Name, p.Cell.With(order.Name, value), d)})
			}
			if pl := plot.SeriesPanel("memory that the handler walks (KiB)", d.Label(), ss); pl != nil {
				drawn = append(drawn, ss...)
				warmth = append(warmth, plot.Tile{Plot: pl, Title: findings.JoinTitle(p.Title, v.Load(ph, v.PanelOf(p.Cell)))})
				shown[ph.Name] = true
			}
		}
	}
	served := len(ranks) > 0
	columns := max(2, min(maxColumns, len(ranks), len(warmth)))
	for len(ranks)%columns != 0 && len(ranks) != 1 && len(warmth) > 0 { // so that no row mixes the two
		ranks = append(ranks, plot.Tile{})
	}
	if f.Sheet = plot.InRows(slices.Concat(ranks, warmth), columns); f.Sheet == nil {
		return f.without("no server said which thread served how many requests, and there is no axis kib")
	}
	f.Sheet.Legend = plot.LegendOf(drawn)
	read := ""
	if served {
		read = "Requests that each thread served, the busiest first, medians over processes of the thread of that rank; Gini is 0 where all serve alike and near 1 where one serves all."
	}
	if warm {
		read = words.Sentences(read, "Beside it the median of D against the memory that a request's handler walks through.")
	}
	f.Caption = words.Sentences(read, v.seriesCaption(shown))
	return f
}

// orderLooks lists the styles of the orders in which threads wake.
var orderLooks = []plot.Style{plot.Palette[10], plot.Palette[9], plot.Palette[11], plot.Palette[12]}

// served returns, over the processes of the cells with c's values, the requests
// that the thread of each rank served, and the Gini coefficient.
func (v *View) served(phase string, c record.Cell) (ranks []plot.SeriesPoint, gini stats.Interval) {
	var by [][]float64 // by rank, of each process
	var ginis []float64
	for _, t := range v.Where(c) {
		r := t.Phase(phase)
		if r == nil || !t.Counts(phase) || len(r.ServedBy) == 0 {
			continue
		}
		counts := make([]float64, len(r.ServedBy))
		for i, n := range r.ServedBy {
			counts[i] = float64(n)
			if i == len(by) {
				by = append(by, nil)
			}
			by[i] = append(by[i], float64(n))
		}
		ginis = append(ginis, stats.Gini(counts))
	}
	for i, xs := range by {
		if iv := stats.Summarise(xs); iv.Center > 0 { // the axis is logarithmic
			iv.Lo = max(iv.Lo, 0.5)
			ranks = append(ranks, plot.SeriesPoint{X: float64(i + 1), Of: iv})
		}
	}
	return ranks, stats.Summarise(ginis)
}

func rankPanel(ss []plot.Series) *gonum.Plot {
	p := plot.SeriesPanel("thread, the busiest first", "requests served", ss)
	if p == nil {
		return nil
	}
	last, lo, hi := 1.0, math.Inf(1), 0.0
	for _, s := range ss {
		for _, q := range s.Points {
			last, lo, hi = max(last, q.X), min(lo, q.Of.Lo), max(hi, q.Of.Hi)
		}
	}
	p.X.Scale, p.X.Min, p.X.Max, p.X.Tick.Marker = gonum.LinearScale{}, 0.5, last+0.5, gonum.TickerFunc(plot.LinearTicks)
	plot.LogAxis(&p.Y, lo/1.3, max(hi, lo*2)*1.3)
	return p
}

// dispatchMedian returns the metric of D's median that the run has, the flight
// recorder's before the kernel probe's, and the phases with values of it.
func (v *View) dispatchMedian() (record.Metric, []record.Phase) {
	for _, m := range []record.Metric{findings.MetricOf(findings.KeyDP50), findings.ProbeTimes[0]} {
		phases := slices.DeleteFunc(v.PhasesByLoad(), func(ph record.Phase) bool {
			return !slices.ContainsFunc(v.Panels, func(p findings.Panel) bool { return v.Has(ph.Name, p, m) })
		})
		if len(phases) > 0 {
			return m, phases
		}
	}
	return findings.MetricOf(findings.KeyDP50), nil
}

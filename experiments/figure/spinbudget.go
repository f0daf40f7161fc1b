package figure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

var _ = enter(130, one((*View).spinFigure))

// spinFigure draws CPU time against latency for each spin budget, the time for
// which a thread looks for work before it sleeps.
func (v *View) spinFigure() Figure {
	f := Figure{Name: "spin", Headline: "F7", Title: "What a spin budget buys, and what it costs"}
	spin, ok := v.Axis("spin")
	if !ok {
		return f.without("no axis is spin")
	}
	cpu := findings.MetricOf(findings.KeyCPU)
	rates, byRate := v.Axis("rate")
	for _, y := range v.gapOrDispatch() {
		var tiles []plot.Tile
		var legend []plot.Entry
		shown := map[string]bool{}
		for _, p := range v.Combinations(spin.Name, rates.Name) {
			var ks []plot.Pareto
			add := func(ph record.Phase, cell record.Cell, name string) {
				looks := plot.Ramp(len(ks) + 1)
				k := plot.Pareto{Style: looks[len(ks)], Points: v.budgets(spin, ph.Name, cell, cpu, y)}
				if len(k.Points) == 0 {
					return
				}
				ks = append(ks, k)
				shown[ph.Name] = true
				if !slices.ContainsFunc(legend, func(e plot.Entry) bool { return e.Label == name }) {
					legend = append(legend, plot.Entry{Label: name, Style: k.Style, Line: true})
				}
			}
			for _, ph := range v.PhasesByLoad() {
				if !byRate {
					add(ph, p.Cell, v.Load(ph, v.PanelOf(p.Cell)))
					continue
				}
				for _, rate := range rates.Values {
					name := rate + " requests/s"
					if x, ok := findings.NumberOf(rate); ok {
						name = words.Thousands(x) + " requests/s"
					}
					if len(v.Phases) > 1 {
						name += ", " + ph.Name
					}
					add(ph, p.Cell.With(rates.Name, rate), name)
				}
			}
			if pl := plot.ParetoPanel(cpu.Label(), y.Label(), ks); pl != nil {
				tiles = append(tiles, plot.Tile{Plot: pl, Title: p.Title})
			}
		}
		if f.Sheet = plot.InRows(tiles, maxColumns); f.Sheet == nil {
			continue
		}
		f.Sheet.Legend = legend
		f.Caption = words.Sentences(fmt.Sprintf("Each point is a spin budget, the time a thread looks for work before it sleeps, labelled with it; lines join budgets in their order. Lower and further left is better: further right is CPU time paid for the lower %s.", y.Heading()),
			"Points are medians over processes, bars their "+v.intervalName()+".", v.loads(v.PhasesNamed(shown)), v.replicates(), v.leftOut("and not drawn"))
		return f
	}
	return f.without("no trial measured CPU time beside G or D along spin")
}

// gapOrDispatch lists the times that a spin budget may shorten. The figure
// shows the first that the run measured.
func (v *View) gapOrDispatch() []record.Metric {
	return []record.Metric{findings.MetricOf(findings.KeyGP50), findings.ProbeTimes[2], findings.MetricOf(findings.KeyDP50), findings.ProbeTimes[0], findings.MetricOf(findings.KeyHP50)}
}

func (v *View) budgets(spin record.Axis, phase string, c record.Cell, cpu, time record.Metric) []plot.ParetoPoint {
	var bs []plot.ParetoPoint
	for _, value := range spin.Values {
		ts := v.Where(c.With(spin.Name, value))
		b := plot.ParetoPoint{Label: budgetLabel(value), X: stats.Summarise(findings.SampleOf(ts, phase, cpu).Valid), Y: stats.Summarise(findings.SampleOf(ts, phase, time).Valid)}
		if b.At, _ = findings.NumberOf(value); b.X.N > 0 && b.Y.N > 0 {
			bs = append(bs, b)
		}
	}
	slices.SortStableFunc(bs, func(a, b plot.ParetoPoint) int { return cmp.Compare(a.At, b.At) })
	return bs
}

// budgetLabel writes a spin budget: a duration in µs, as "2 µs" or "0", and any
// other value unchanged.
func budgetLabel(value string) string {
	if us, ok := findings.NumberOf(value); ok && strings.Trim(value, "0123456789.") != "" {
		if us == 0 {
			return "0"
		}
		return words.Number(us) + " µs"
	}
	return value
}

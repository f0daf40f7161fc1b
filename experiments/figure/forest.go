package figure

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

var _ = enter(170, func(v *View) ([]Figure, error) { return v.verdictFigures(), nil })

// verdictFigures draws how the rules were decided: pairs as forest plots, and
// series along their axis.
func (v *View) verdictFigures() []Figure {
	j := v.Judged()
	if j == nil {
		return nil
	}
	title := "The rules and their pairs"
	if j.Hypothesis != "" {
		title = j.Hypothesis + ": " + strings.ToLower(title[:1]) + title[1:]
	}
	var figs []Figure
	for _, of := range []struct {
		name, kind, label string
		neutral           float64
	}{{"verdict", suite.RuleRatio, "ratio, log scale", 1}, {"verdict-gain", suite.RuleGain, "gain (times the unit of the rule)", 0}} {
		f := Figure{Name: of.name, Title: title}
		var rows []plot.ForestRow
		for _, r := range j.Rules {
			if r.Rule.Kind == of.kind && len(r.Pairs) > 0 {
				rows = append(rows, plot.ForestRow{Label: fmt.Sprintf("%s (claimed %s): %s", r.Rule.Title, verdict.Claimed(r.Rule), r.Outcome), Head: true})
				rows = append(rows, v.pairRows(r)...)
			}
		}
		if len(rows) == 0 {
			continue
		}
		f.Sheet = plot.ForestSheet(of.label, of.neutral, rows)
		f.Caption = words.Sentences("One row for each pair of cells: the ratio of two cells, estimated after Hodges and Lehmann over blocks (of a gain: the difference over the rule's unit), and its 95 % interval (a stricter one where one of several pairs suffices), dotted where there are too few blocks for one. The upright line is no difference, the dashed one the bound that is claimed.",
			"Filled markers confirm the claim, crossed ones contradict it or show less than it claims, hollow ones show equivalence or do not decide.", v.loads(v.ruled(j, of.kind)), v.replicates(), v.leftOut("and not drawn"))
		figs = append(figs, f)
	}
	if f := v.trendFigure(j, title); f.Sheet != nil {
		figs = append(figs, f)
	}
	return figs
}

// ruled returns the phases that rules of some kinds use.
func (v *View) ruled(j *verdict.Verdict, kinds ...string) []record.Phase {
	names := map[string]bool{}
	for _, r := range j.Rules {
		for _, kind := range kinds {
			if r.Rule.Kind == kind {
				names[r.Rule.Phase], names[r.Rule.ToPhase] = true, true
			}
		}
	}
	return v.PhasesNamed(names)
}

// marks gives outcomes the marker of their pairs. The others are hollow.
var marks = map[verdict.Outcome]plot.Mark{verdict.Confirmed: plot.Filled, verdict.Contradicted: plot.Crossed, verdict.Smaller: plot.Crossed}

// markOf returns the marker of an outcome.
func markOf(o verdict.Outcome) plot.Mark {
	if m, ok := marks[o]; ok {
		return m
	}
	return plot.Hollow
}

// pairRows returns a row for each of a rule's pairs.
func (v *View) pairRows(r verdict.RuleResult) []plot.ForestRow {
	var bounds []float64
	q := r.Rule
	switch {
	case q.Differs > 0 || q.Within > 0:
		d := max(q.Differs, q.Within)
		bounds = []float64{1 / (1 + d), 1 + d}
	case q.Below > 0 && q.Below != 1:
		bounds = []float64{q.Below}
	case q.Above > 0 && (q.Above != 1 || q.Kind == suite.RuleGain):
		bounds = []float64{q.Above}
	}
	var rows []plot.ForestRow
	for _, p := range r.Pairs {
		look, ok := v.Style[p.Of.Cell[v.Group]]
		if !ok {
			look = plot.Style{Color: plot.Ink}
		}
		rows = append(rows, plot.ForestRow{Label: inMicros(pairName(p)), Style: look, Of: p.Interval, Mark: markOf(p.Outcome), Bounds: bounds})
	}
	return rows
}

// pairName names a pair on an axis: "leader / worker, mode=close".
func pairName(p verdict.Pair) string {
	name := p.Of.Name
	if p.To.Name != p.Of.Name {
		name += " / " + p.To.Name
	}
	if p.Shared != "" {
		name += ", " + strings.ReplaceAll(p.Shared, " = ", "=")
	}
	return name
}

// trendFigure draws the ratios of rules about a trend along an axis. Its Sheet
// is nil if there are none.
func (v *View) trendFigure(j *verdict.Verdict, title string) Figure {
	f := Figure{Name: "verdict-trend", Title: title + ", along their axis"}
	var tiles []plot.Tile
	var legend []plot.Entry
	for _, r := range j.Rules {
		var ss []plot.Series
		looks := plot.Ramp(len(r.Series))
		levels := []float64{1}
		if r.Rule.Towards > 0 && r.Rule.Towards != 1 {
			levels = append(levels, r.Rule.Towards)
		}
		for i, of := range r.Series {
			s := plot.Series{Name: fmt.Sprintf("series %d", i+1), Style: looks[i]}
			if len(of.Levels) > 0 {
				s.Name = pairName(of.Levels[0])
			}
			for k, p := range of.Levels {
				if p.Effect.N > 0 {
					s.Points = append(s.Points, plot.SeriesPoint{X: of.At[k], Of: p.Effect.Interval})
				}
			}
			ss = append(ss, s)
		}
		if pl := plot.SeriesPanel(r.Rule.Along, "ratio", ss, levels...); pl != nil {
			pl.Add(plot.Across{Y: 1})
			for _, l := range levels[1:] {
				pl.Add(plot.Across{Y: l, Dashes: []vg.Length{2, 1.4}})
			}
			legend = plot.AddEntries(legend, plot.LegendOf(ss))
			tiles = append(tiles, plot.Tile{Plot: pl, Title: fmt.Sprintf("%s: %s", plot.Shortened(r.Rule.Title, 42), r.Outcome)})
		}
	}
	if f.Sheet = plot.InRows(tiles, 2); f.Sheet == nil {
		return f
	}
	f.Sheet.Legend = legend
	f.Caption = words.Sentences("The ratio of each pair along the axis that the rule names, estimated after Hodges and Lehmann over blocks, with its 95 % interval. The line across is no difference.",
		v.loads(v.ruled(j, suite.RuleTrend, suite.RuleCrossing)), v.replicates(), v.leftOut("and not drawn"))
	return f
}

package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
)

// forest draws rules and, below each, its pairs: a ratio or a gain with its
// interval, the line of no difference and the bound that the claim is about.
type forest struct {
	rows    []forestRow
	neutral float64 // of all rows: 1 for ratios, 0 for gains
}

// forestRow is a rule's heading, or a pair of the rule.
type forestRow struct {
	label  string
	head   bool
	style  style
	of     stats.Interval
	side   verdict.Side
	bounds []float64 // of the rule; none: the neutral line is the bound
}

// The measures of a forest: a row's height and the room at the right for numbers.
const (
	forestRowHeight = 10.5
	besideForest    = 0.3 // of the panel's width
)

// Plot draws the rows; the panel's y axis counts them from below.
func (k forest) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	inside := func(v float64) vg.Length { return x(min(max(v, p.X.Min), p.X.Max)) }
	n := len(k.rows)
	c.StrokeLine2(draw.LineStyle{Color: axisInk, Width: 0.7}, x(k.neutral), c.Min.Y, x(k.neutral), c.Max.Y)
	bold, note := textStyle(textSize-0.5, true, ink), textStyle(textSize-1, false, axisInk)
	note.XAlign = -1
	for i, r := range k.rows {
		at := y(float64(n - 1 - i))
		if r.head {
			// A long one reaches to the left, where a heading's row has no label.
			width := bold.Width(r.label) + 6
			from := vg.Point{X: min(c.Min.X, c.Max.X-width), Y: at - 4.5}
			c.SetColor(paper)
			c.Fill(vg.Rectangle{Min: from, Max: vg.Point{X: from.X + width, Y: at + 4.5}}.Path())
			c.FillText(bold, vg.Point{X: from.X + 2, Y: at - 2.6}, r.label)
			continue
		}
		half := vg.Length(forestRowHeight / 2)
		for _, b := range r.bounds {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8, Dashes: []vg.Length{2, 1.4}}, inside(b), at-half, inside(b), at+half)
		}
		if r.of.N == 0 {
			c.FillText(note, vg.Point{X: c.Max.X - 2, Y: at - 2.4}, "no value")
			continue
		}
		line := draw.LineStyle{Color: r.style.color, Width: 1}
		if !r.of.Enough() {
			line.Dashes = []vg.Length{1, 1}
		}
		c.StrokeLine2(line, inside(r.of.Lo), at, inside(r.of.Hi), at)
		line.Dashes = nil
		for _, end := range []float64{r.of.Lo, r.of.Hi} {
			if end >= p.X.Min && end <= p.X.Max {
				c.StrokeLine2(line, x(end), at-1.8, x(end), at+1.8)
			}
		}
		drawSide(c, r, vg.Point{X: inside(r.of.Center), Y: at})
		c.FillText(note, vg.Point{X: c.Max.X - 2, Y: at - 2.4}, ratioText(r.of))
	}
}

// drawSide draws a row's marker: filled where it supports the claim, hollow where
// it leaves it open, and crossed out where it contradicts.
func drawSide(c draw.Canvas, r forestRow, at vg.Point) {
	switch r.side {
	case verdict.Supports:
		drawMarker(c, r.style, at, 2.4, 0xff)
	case verdict.Contradicts:
		drawHollow(c, r.style, at, 2.6)
		line := draw.LineStyle{Color: r.style.color, Width: 1.1}
		c.StrokeLine2(line, at.X-3.2, at.Y-3.2, at.X+3.2, at.Y+3.2)
		c.StrokeLine2(line, at.X-3.2, at.Y+3.2, at.X+3.2, at.Y-3.2)
	default:
		drawHollow(c, r.style, at, 2.4)
	}
}

// judged is what the run's rules come to; nil where the suite states none.
func (v *view) judged() *verdict.Verdict {
	if v.verdict == nil && len(v.run.Manifest.Rules) > 0 {
		v.verdict = verdict.Judge(v.run)
	}
	return v.verdict
}

// verdictFigures are those that show how the rules were decided: pairs as a
// forest, and series along their axis.
func (v *view) verdictFigures() []Figure {
	j := v.judged()
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
		var rows []forestRow
		for _, r := range j.Rules {
			if r.Rule.Kind == of.kind && len(r.Pairs) > 0 {
				rows = append(rows, forestRow{label: fmt.Sprintf("%s (claimed %s): %s", r.Rule.Title, verdict.Claimed(r.Rule), r.Outcome), head: true})
				rows = append(rows, v.pairRows(r)...)
			}
		}
		if len(rows) == 0 {
			continue
		}
		f.sheet = forestSheet(of.label, of.neutral, rows)
		f.Caption = join("One row for each pair of cells: the median over blocks of the ratio within each (of a gain: the difference over the rule's unit), its 95 % interval, dotted where there are too few blocks for one. The upright line is no difference, the dashed one the bound that is claimed.",
			"Filled markers support the claim, hollow ones do not decide, crossed ones contradict it.", v.loads(v.ruled(j, of.kind)), v.replicates(), v.leftOut("and not drawn"))
		figs = append(figs, f)
	}
	if f := v.trendFigure(j, title); f.sheet != nil {
		figs = append(figs, f)
	}
	return figs
}

// ruled are the phases that rules of some kinds look at.
func (v *view) ruled(j *verdict.Verdict, kinds ...string) []record.Phase {
	names := map[string]bool{}
	for _, r := range j.Rules {
		for _, kind := range kinds {
			if r.Rule.Kind == kind {
				names[r.Rule.Phase], names[r.Rule.ToPhase] = true, true
			}
		}
	}
	return v.phasesNamed(names)
}

// pairRows are a rule's pairs.
func (v *view) pairRows(r verdict.RuleResult) []forestRow {
	var bounds []float64
	q := r.Rule
	switch {
	case q.Differs > 0:
		bounds = []float64{1 / (1 + q.Differs), 1 + q.Differs}
	case q.Below > 0 && q.Below != 1:
		bounds = []float64{q.Below}
	case q.Above > 0 && (q.Above != 1 || q.Kind == suite.RuleGain):
		bounds = []float64{q.Above}
	}
	var rows []forestRow
	for _, p := range r.Pairs {
		look, ok := v.style[p.Of.Cell[v.group]]
		if !ok {
			look = style{color: ink}
		}
		rows = append(rows, forestRow{label: pairName(p), style: look, of: p.Interval, side: p.Side, bounds: bounds})
	}
	return rows
}

// pairName is short enough for an axis: "leader / worker, mode = close".
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

func forestSheet(label string, neutral float64, rows []forestRow) *sheet {
	lo, hi := neutral, neutral
	for _, r := range rows {
		for _, x := range append(r.bounds, r.of.Lo, r.of.Hi) {
			if r.of.N > 0 && !math.IsInf(x, 0) && (neutral == 0 || x > 0) {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	p := newPlot(label, "")
	if neutral > 0 {
		lo, hi = lo/1.08, hi*1.08
		hi *= math.Pow(hi/lo, besideForest/(1-besideForest))
		logAxis(&p.X, lo, hi)
	} else {
		pad := max(hi-lo, 0.1) * 0.06
		p.X.Min, p.X.Max = lo-pad, hi+pad+(hi-lo+2*pad)*besideForest/(1-besideForest)
	}
	n := len(rows)
	var ticks plot.ConstantTicks
	for i, r := range rows {
		if !r.head {
			ticks = append(ticks, plot.Tick{Value: float64(n - 1 - i), Label: r.label})
		}
	}
	p.Y.Min, p.Y.Max = -0.7, float64(n)-0.3
	p.Y.Tick.Marker, p.Y.Tick.Length = ticks, 0
	p.Y.LineStyle.Width = 0
	p.Add(forest{rows, neutral})
	return &sheet{width: twoColumns, row: vg.Length(forestRowHeight*float64(n)) + 34, rows: [][]tile{{{plot: p}}}}
}

// trendFigure draws the ratios of rules that look along an axis.
func (v *view) trendFigure(j *verdict.Verdict, title string) Figure {
	f := Figure{Name: "verdict-trend", Title: title + ", along their axis"}
	var tiles []tile
	var legend []entry
	for _, r := range j.Rules {
		var ss []series
		looks := ramp(len(r.Series))
		levels := []float64{1}
		if r.Rule.Towards > 0 && r.Rule.Towards != 1 {
			levels = append(levels, r.Rule.Towards)
		}
		for i, of := range r.Series {
			s := series{name: fmt.Sprintf("series %d", i+1), style: looks[i]}
			if len(of.Levels) > 0 {
				s.name = pairName(of.Levels[0])
			}
			for k, p := range of.Levels {
				if p.Interval.N > 0 {
					s.points = append(s.points, seriesPoint{x: of.At[k], of: p.Interval})
				}
			}
			ss = append(ss, s)
		}
		if pl := seriesPanel(r.Rule.Along, "ratio", ss, levels...); pl != nil {
			pl.Add(across{y: 1})
			for _, l := range levels[1:] {
				pl.Add(across{l, []vg.Length{2, 1.4}})
			}
			legend = addEntries(legend, legendOf(ss))
			tiles = append(tiles, tile{pl, fmt.Sprintf("%s: %s", shortened(r.Rule.Title, 42), r.Outcome)})
		}
	}
	if f.sheet = inRows(tiles, 2); f.sheet == nil {
		return f
	}
	f.sheet.legend = legend
	f.Caption = join("The ratio of each pair along the axis that the rule names: the median over blocks with its 95 % interval. The line across is no difference.",
		v.loads(v.ruled(j, suite.RuleTrend, suite.RuleCrossing)), v.replicates(), v.leftOut("and not drawn"))
	return f
}

// addEntries adds those of a label that is not there yet.
func addEntries(es, more []entry) []entry {
	for _, e := range more {
		if !slices.ContainsFunc(es, func(o entry) bool { return o.label == e.label }) {
			es = append(es, e)
		}
	}
	return es
}

// shortened cuts a text at a word, for a panel's title.
func shortened(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if i := strings.LastIndex(s[:most], " "); i > 0 {
		return s[:i] + " …"
	}
	return s[:most] + "…"
}

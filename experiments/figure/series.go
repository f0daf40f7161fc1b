package figure

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// series is a number along an axis: its intervals, joined in order.
type series struct {
	name   string // in the legend
	style  style
	points []seriesPoint
	loose  bool // the points are not joined: a curve goes past them
	curve  []curvePoint
}

type curvePoint struct{ x, y float64 }

type seriesPoint struct {
	x  float64
	of stats.Interval
}

// seriesPlot draws series over a common axis.
type seriesPlot struct {
	series []series
	place  func(float64) float64 // of an x on the axis
}

// Plot draws lines, then bars, then markers, so that no line covers a marker.
func (k seriesPlot) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, s := range k.series {
		var line []vg.Point
		for _, q := range s.points {
			if !s.loose {
				line = append(line, vg.Point{X: x(k.place(q.x)), Y: y(q.of.Center)})
			}
		}
		for _, q := range s.curve {
			line = append(line, vg.Point{X: x(k.place(q.x)), Y: y(q.y)})
		}
		if len(line) > 1 {
			c.StrokeLines(draw.LineStyle{Color: s.style.color, Width: lineWidth, Dashes: s.style.dashes}, line)
		}
	}
	for i, s := range k.series {
		// Bars of different series at one place stand beside each other.
		aside := (vg.Length(i) - vg.Length(len(k.series)-1)/2) * 1.1
		for _, q := range s.points {
			whisker(c, s.style, q.of, x(k.place(q.x))+aside, func(v float64) vg.Length { return y(min(max(v, p.Y.Min), p.Y.Max)) })
		}
	}
	for _, s := range k.series {
		for _, q := range s.points {
			drawMarker(c, s.style, vg.Point{X: x(k.place(q.x)), Y: y(q.of.Center)}, 2.2, 0xff)
		}
	}
}

// whisker draws an interval upright; dashed where it is a range.
func whisker(c draw.Canvas, s style, iv stats.Interval, x vg.Length, y func(float64) vg.Length) {
	if iv.N < 2 {
		return
	}
	line := draw.LineStyle{Color: s.color, Width: 0.8}
	if !iv.Enough() {
		line.Dashes = []vg.Length{1, 1}
	}
	c.StrokeLine2(line, x, y(iv.Lo), x, y(iv.Hi))
	line.Dashes = nil
	for _, end := range []float64{iv.Lo, iv.Hi} {
		c.StrokeLine2(line, x-1.5, y(end), x+1.5, y(end))
	}
}

// across is a line across the panel at y, as at a ratio of 1.
type across struct {
	y      float64
	dashes []vg.Length
}

// Plot draws it.
func (l across) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	if l.y >= p.Y.Min && l.y <= p.Y.Max {
		c.StrokeLine2(draw.LineStyle{Color: axisInk, Width: 0.7, Dashes: l.dashes}, c.Min.X, y(l.y), c.Max.X, y(l.y))
	}
}

// seriesPanel is a panel of series; nil if they have no point. The y axis takes
// the values of levels in as well.
func seriesPanel(xLabel, yLabel string, ss []series, levels ...float64) *plot.Plot {
	ss = slices.DeleteFunc(slices.Clone(ss), func(s series) bool { return len(s.points) == 0 })
	if len(ss) == 0 {
		return nil
	}
	var xs []float64
	lo, hi := math.Inf(1), math.Inf(-1)
	curved := false
	for _, s := range ss {
		curved = curved || len(s.curve) > 0
		for _, q := range s.points {
			xs = append(xs, q.x)
			lo, hi = min(lo, q.of.Lo), max(hi, q.of.Hi)
		}
		for _, q := range s.curve {
			lo, hi = min(lo, q.y), max(hi, q.y)
		}
	}
	for _, l := range levels {
		lo, hi = min(lo, l), max(hi, l)
	}
	p := newPlot(xLabel, yLabel)
	place := numberAxis(&p.X, xs, curved)
	valueAxis(&p.Y, lo, hi, len(levels) > 0)
	p.Add(seriesPlot{ss, place})
	return p
}

// valueAxis covers measured values: from 0, or logarithmic where they span more
// than a factor of twenty; ratios stay around their own.
func valueAxis(a *plot.Axis, lo, hi float64, ratio bool) {
	switch {
	case lo > 0 && hi/lo > 20 || ratio && lo > 0 && hi/lo > 3:
		logAxis(a, lo/1.25, hi*1.25)
	case ratio:
		pad := max((hi-lo)*0.12, 0.02)
		a.Min, a.Max = lo-pad, hi+pad
	default:
		a.Min, a.Max = 0, max(hi, 1e-9)*1.1
	}
}

// numberAxis puts the values of an axis where they can be told apart: in
// proportion, on a logarithmic scale, or, where 0 is one of many magnitudes, side
// by side. It returns the place of a value.
func numberAxis(a *plot.Axis, xs []float64, curved bool) func(float64) float64 {
	xs = slices.Compact(slices.Sorted(slices.Values(xs)))
	first, last := xs[0], xs[len(xs)-1]
	least := first // above 0
	for _, x := range xs {
		if least <= 0 {
			least = x
		}
	}
	same := func(x float64) float64 { return x }
	switch {
	case len(xs) == 1:
		a.Min, a.Max = first-max(1, first)*0.5, first+max(1, first)*0.5
		a.Tick.Marker = plot.ConstantTicks{{Value: first, Label: number(first)}}
	case first > 0 && last/first > 8:
		logAxis(a, first/1.25, last*1.25)
		a.Tick.Marker = plot.ConstantTicks(spacedTicks(xs, func(x float64) float64 { return math.Log(x / first) }))
	case first <= 0 && last >= 8*least && !curved:
		var ticks plot.ConstantTicks
		for i, x := range xs {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: number(x)})
		}
		a.Min, a.Max = -0.4, float64(len(xs))-0.6
		a.Tick.Marker = ticks
		return func(x float64) float64 { return float64(slices.Index(xs, x)) }
	default:
		pad := (last - first) * 0.07
		a.Min, a.Max = first-pad, last+pad
		a.Tick.Marker = plot.ConstantTicks(spacedTicks(xs, same))
	}
	return same
}

// spacedTicks marks each value; a label too near to the last one is left out.
func spacedTicks(xs []float64, at func(float64) float64) []plot.Tick {
	span := at(xs[len(xs)-1]) - at(xs[0])
	var ticks []plot.Tick
	last := math.Inf(-1)
	for _, x := range xs {
		t := plot.Tick{Value: x}
		if room := span * 0.024 * (float64(len(number(x))) + 0.5); at(x)-last >= room {
			t.Label, last = number(x), at(x)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// axis is an axis of the run that takes more than one value, or at least one.
func (v *view) axis(name string) (record.Axis, bool) {
	for _, a := range axesOf(v.run) {
		if a.Name == name {
			return a, true
		}
	}
	return record.Axis{}, false
}

// combinations of the values of all axes but those named that have any trial.
func (v *view) combinations(but ...string) []panel {
	cells := []record.Cell{{}}
	var others []record.Axis
	for _, a := range axesOf(v.run) {
		if slices.Contains(but, a.Name) {
			continue
		}
		if len(a.Values) > 1 {
			others = append(others, a)
		}
		var next []record.Cell
		for _, c := range cells {
			for _, value := range a.Values {
				next = append(next, with(c, a.Name, value))
			}
		}
		cells = next
	}
	var ps []panel
	for _, c := range cells {
		if len(v.where(c)) > 0 {
			ps = append(ps, panel{c, cellTitle(c, others)})
		}
	}
	return ps
}

// with is the cell with one more value.
func with(c record.Cell, axis, value string) record.Cell {
	out := record.Cell{axis: value}
	for k, x := range c {
		if k != axis {
			out[k] = x
		}
	}
	return out
}

// where are the trials of the cells that have these values.
func (v *view) where(c record.Cell) []*record.Trial {
	var ts []*record.Trial
	p := panel{cell: c}
	for i := range v.run.Trials {
		if t := &v.run.Trials[i]; p.has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// sampleOf is what a metric came to in a phase of some trials.
func sampleOf(ts []*record.Trial, phase string, m record.Metric) sample {
	s := sample{byBlock: map[int]float64{}}
	for _, t := range ts {
		r := phaseOf(t, phase)
		if r == nil {
			continue
		}
		x, ok := telling(m, r)
		switch {
		case !ok:
		case t.Valid():
			s.valid = append(s.valid, x)
			s.byBlock[t.Repetition] = x
		default:
			s.invalid = append(s.invalid, x)
		}
	}
	return s
}

// numberOf reads the value of an axis: a number, or a duration, in µs.
func numberOf(value string) (float64, bool) { return suite.Axis{}.Number(value) }

// along is a metric over the values of an axis, in a phase of the cells with
// these values, in rising order.
func (v *view) along(axis record.Axis, phase string, c record.Cell, m record.Metric) []seriesPoint {
	var ps []seriesPoint
	for _, value := range axis.Values {
		x, ok := numberOf(value)
		if !ok {
			continue
		}
		if iv := stats.Summarise(sampleOf(v.where(with(c, axis.Name, value)), phase, m).valid); iv.N > 0 {
			ps = append(ps, seriesPoint{x: x, of: iv})
		}
	}
	return byX(ps)
}

func byX(ps []seriesPoint) []seriesPoint {
	slices.SortStableFunc(ps, func(a, b seriesPoint) int { return cmp.Compare(a.x, b.x) })
	return ps
}

// legendOf has an entry for each series that is drawn.
func legendOf(ss []series) []entry {
	var es []entry
	for _, s := range ss {
		if len(s.points) > 0 && !slices.ContainsFunc(es, func(e entry) bool { return e.label == s.name }) {
			es = append(es, entry{label: s.name, style: s.style, line: !s.loose})
		}
	}
	return es
}

// ramp are looks for the values of an axis that is not what is compared: blue
// from dark to light, so that the order is seen, with markers and dashes.
func ramp(n int) []style {
	colors := []uint32{0x08306b, 0x2171b5, 0x6aaed6, 0x7a4a8c, 0x3f007d, 0x9e9ac8, 0x4d4d4d, 0x969696}
	var out []style
	for i := range n {
		look := palette[i%len(palette)]
		out = append(out, style{rgb(colors[i%len(colors)]), look.marker, look.dashes})
	}
	return out
}

// inRows lays tiles out with so many columns, in a width of one column if there is
// but one tile.
func inRows(tiles []tile, columns int) *sheet {
	if len(tiles) == 0 {
		return nil
	}
	columns = min(columns, len(tiles))
	s := &sheet{width: twoColumns, row: 52 * vg.Millimeter}
	if columns == 1 {
		s.width = oneColumn
	}
	for at := 0; at < len(tiles); at += columns {
		row := make([]tile, columns)
		copy(row, tiles[at:])
		s.rows = append(s.rows, row)
	}
	return s
}

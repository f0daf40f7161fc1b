package plot

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// AddEntries appends to es the entries of more whose label es lacks.
func AddEntries(es, more []Entry) []Entry {
	for _, e := range more {
		if !slices.ContainsFunc(es, func(o Entry) bool { return o.Label == e.Label }) {
			es = append(es, e)
		}
	}
	return es
}

// Series is a number along an axis: intervals, joined by a line in their order.
type Series struct {
	Name   string // in the legend
	Style  Style
	Points []SeriesPoint
	Loose  bool // no line joins the points, because Curve is drawn instead
	Curve  []CurvePoint
}

// CurvePoint is a point of a curve without an interval.
type CurvePoint struct{ X, Y float64 }

// SeriesPoint is an interval at a value of the axis.
type SeriesPoint struct {
	X  float64
	Of stats.Interval
}

// seriesPlot draws series over a common axis.
type seriesPlot struct {
	series []Series
	place  func(float64) float64 // position on the axis of an x
}

// mostMarked is the number of points of a series from which only every second,
// third or so has an interval and a marker.
const mostMarked = 24

// marked returns the points that have an interval and a marker.
func (s *Series) marked() []SeriesPoint {
	every := (len(s.Points)-1)/mostMarked + 1
	var ps []SeriesPoint
	for i := 0; i < len(s.Points); i += every {
		ps = append(ps, s.Points[i])
	}
	return ps
}

// Plot draws lines, then intervals, then markers, so that no line covers a
// marker.
func (k seriesPlot) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	for _, s := range k.series {
		var line []vg.Point
		for _, q := range s.Points {
			if !s.Loose {
				line = append(line, vg.Point{X: x(k.place(q.X)), Y: y(q.Of.Center)})
			}
		}
		for _, q := range s.Curve {
			line = append(line, vg.Point{X: x(k.place(q.X)), Y: y(q.Y)})
		}
		if len(line) > 1 {
			c.StrokeLines(draw.LineStyle{Color: s.Style.Color, Width: lineWidth, Dashes: s.Style.Dashes}, line)
		}
	}
	for i, s := range k.series {
		// Intervals of different series at one x stand beside each other.
		aside := (vg.Length(i) - vg.Length(len(k.series)-1)/2) * 1.1
		for _, q := range s.marked() {
			at := func(v float64) vg.Point { return vg.Point{X: x(k.place(q.X)) + aside, Y: y(v)} }
			whisker{Color: s.Style.Color, Width: 0.8, Cap: 1.5, Upright: true}.draw(c, q.Of, &p.Y, at)
		}
	}
	for _, s := range k.series {
		for _, q := range s.marked() {
			drawMarker(c, s.Style, vg.Point{X: x(k.place(q.X)), Y: y(q.Of.Center)}, 2.2, 0xff)
		}
	}
}

// Across is a horizontal line across the panel, such as at a ratio of 1.
type Across struct {
	Y      float64
	Dashes []vg.Length
}

// Plot draws the line if the y axis reaches it.
func (l Across) Plot(c draw.Canvas, p *gonum.Plot) {
	_, y := p.Transforms(&c)
	if l.Y >= p.Y.Min && l.Y <= p.Y.Max {
		c.StrokeLine2(draw.LineStyle{Color: AxisInk, Width: 0.7, Dashes: l.Dashes}, c.Min.X, y(l.Y), c.Max.X, y(l.Y))
	}
}

// SeriesPanel returns a panel of series, nil if they have no points. levels are
// for ratios: the y axis includes these values and need not begin at 0.
func SeriesPanel(xLabel, yLabel string, ss []Series, levels ...float64) *gonum.Plot {
	ss = slices.DeleteFunc(slices.Clone(ss), func(s Series) bool { return len(s.Points) == 0 })
	if len(ss) == 0 {
		return nil
	}
	var xs []float64
	lo, hi := math.Inf(1), math.Inf(-1)
	curved := false
	for _, s := range ss {
		curved = curved || len(s.Curve) > 0
		for _, q := range s.Points {
			xs = append(xs, q.X)
			lo, hi = min(lo, q.Of.Lo), max(hi, q.Of.Hi)
		}
		for _, q := range s.Curve {
			lo, hi = min(lo, q.Y), max(hi, q.Y)
		}
	}
	for _, l := range levels {
		lo, hi = min(lo, l), max(hi, l)
	}
	p := NewPanel(xLabel, yLabel)
	place := numberAxis(&p.X, xs, curved)
	valueAxis(&p.Y, lo, hi, len(levels) > 0)
	p.Add(seriesPlot{ss, place})
	var told []string
	for _, s := range ss {
		first, last := s.Points[0], s.Points[len(s.Points)-1]
		text := fmt.Sprintf("%s %s at %s", s.Name, valueText(&p.Y, first.Of.Center), words.Number(first.X))
		if len(s.Points) > 1 {
			text += fmt.Sprintf(" and %s at %s", valueText(&p.Y, last.Of.Center), words.Number(last.X))
		}
		told = append(told, text)
	}
	p.Title.Text = strings.Join(told, "; ")
	return p
}

// valueAxis makes an axis cover values from lo to hi (see Span). It is
// logarithmic if they span more than a factor of 20. An axis of ratios does not
// begin at 0, and is logarithmic above a factor of 3.
func valueAxis(a *gonum.Axis, lo, hi float64, ratio bool) {
	switch {
	case lo > 0 && hi/lo > 20 || ratio && lo > 0 && hi/lo > 3:
		LogAxis(a, lo/1.25, hi*1.25)
	case ratio:
		pad := max((hi-lo)*0.12, 0.02)
		a.Min, a.Max = lo-pad, hi+pad
	default:
		Span(a, lo, hi)
	}
}

// numberAxis chooses a scale on which the values xs can be told apart: linear,
// logarithmic if they span more than a factor of 8, or, if they do but include
// 0, side by side at equal distances. A curve needs one of the first two, so
// curved rules out the last. It returns a function that gives a value's
// position.
func numberAxis(a *gonum.Axis, xs []float64, curved bool) func(float64) float64 {
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
		a.Tick.Marker = gonum.ConstantTicks{{Value: first, Label: words.Number(first)}}
	case first > 0 && last/first > 8:
		LogAxis(a, first/1.25, last*1.25)
		a.Tick.Marker = gonum.ConstantTicks(spacedTicks(xs, func(x float64) float64 { return math.Log(x / first) }))
	case first <= 0 && last >= 8*least && !curved:
		var ticks gonum.ConstantTicks
		for i, x := range xs {
			ticks = append(ticks, gonum.Tick{Value: float64(i), Label: words.Number(x)})
		}
		a.Min, a.Max = -0.4, float64(len(xs))-0.6
		a.Tick.Marker = ticks
		return func(x float64) float64 { return float64(slices.Index(xs, x)) }
	default:
		pad := (last - first) * 0.07
		a.Min, a.Max = first-pad, last+pad
		a.Tick.Marker = gonum.ConstantTicks(spacedTicks(xs, same))
	}
	return same
}

// spacedTicks marks each value. It leaves out a label too close to the last
// one.
func spacedTicks(xs []float64, at func(float64) float64) []gonum.Tick {
	span := at(xs[len(xs)-1]) - at(xs[0])
	var ticks []gonum.Tick
	last := math.Inf(-1)
	for _, x := range xs {
		t := gonum.Tick{Value: x}
		if room := span * 0.024 * (float64(len(words.Number(x))) + 0.5); at(x)-last >= room {
			t.Label, last = words.Number(x), at(x)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// ByX sorts points by X, in place, and returns them.
func ByX(ps []SeriesPoint) []SeriesPoint {
	slices.SortStableFunc(ps, func(a, b SeriesPoint) int { return cmp.Compare(a.X, b.X) })
	return ps
}

// LegendOf returns a legend entry for each name of a series that has points.
func LegendOf(ss []Series) []Entry {
	var es []Entry
	for _, s := range ss {
		if len(s.Points) > 0 && !slices.ContainsFunc(es, func(e Entry) bool { return e.Label == s.Name }) {
			es = append(es, Entry{Label: s.Name, Style: s.Style, Line: !s.Loose})
		}
	}
	return es
}

// Ramp returns n styles for the values of an axis that does not name subjects.
// The colours are blues from dark to light, which show the order, then purples
// and greys. Markers and dashes are Palette's.
func Ramp(n int) []Style {
	colors := []uint32{0x08306b, 0x2171b5, 0x6aaed6, 0x7a4a8c, 0x3f007d, 0x9e9ac8, 0x4d4d4d, 0x969696}
	var out []Style
	for i := range n {
		look := Palette[i%len(Palette)]
		out = append(out, Style{RGB(colors[i%len(colors)]), look.Marker, look.Dashes})
	}
	return out
}

// InRows returns a sheet of tiles in at most so many columns, nil if there are
// no tiles. A sheet of one column is as wide as a column of the page.
func InRows(tiles []Tile, columns int) *Sheet {
	if len(tiles) == 0 {
		return nil
	}
	columns = min(columns, len(tiles))
	s := &Sheet{Width: TwoColumns, Row: 52 * vg.Millimeter}
	if columns == 1 {
		s.Width = OneColumn
	}
	for at := 0; at < len(tiles); at += columns {
		row := make([]Tile, columns)
		copy(row, tiles[at:])
		s.Rows = append(s.Rows, row)
	}
	return s
}

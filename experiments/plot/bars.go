package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// Bars draws one row for each subject: a bar of pieces in the order of time,
// above it the processes' totals with their median and its interval, and a note
// at the right edge.
type Bars struct {
	Rows []BarRow // from the top
	note string   // heading of the rows' notes
}

// BarRow is one bar: a row of Bars or a column of Columns.
type BarRow struct {
	Style  Style
	Pieces []Piece
	Totals stats.Sample
	Note   string
}

// Piece is a part of a bar. Width is in the unit of the axis.
type Piece struct {
	Fill  Fill
	Width float64
}

// Sizes of Bars. Lengths are in points. BesideBars is the share of the panel's
// width that is left for the numbers at the bars' ends and the notes.
const (
	BarRowHeight = 21
	noteDepth    = 21 // below the axis, beside its label
	BesideBars   = 0.36
)

// End returns where the row's bar ends, in the unit of the axis.
func (r BarRow) End() float64 {
	x := 0.0
	for _, p := range r.Pieces {
		x += p.Width
	}
	return x
}

// Plot draws the rows. The panel's y axis numbers them from below, from 0.
func (b Bars) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	label := textStyle(smallText, false, Ink)
	note := textStyle(smallText, false, AxisInk)
	note.XAlign = text.XRight
	c.FillText(note, vg.Point{X: c.Max.X, Y: c.Min.Y - noteDepth}, b.note)
	edge := draw.LineStyle{Color: AxisInk, Width: thinLine}
	for i, r := range b.Rows {
		at := float64(len(b.Rows) - 1 - i)
		area := func(from, to float64) vg.Rectangle {
			return vg.Rectangle{Min: vg.Point{X: x(from), Y: y(at - 0.36)}, Max: vg.Point{X: x(to), Y: y(at + 0.1)}}
		}
		from := 0.0
		for _, piece := range r.Pieces {
			box := area(from, from+piece.Width)
			piece.Fill.Paint(c, box)
			if from > 0 && box.Max.X-box.Min.X > 2 {
				c.StrokeLine2(draw.LineStyle{Color: Paper, Width: thinLine}, box.Min.X, box.Min.Y, box.Min.X, box.Max.Y)
			}
			from += piece.Width
		}
		if from > 0 {
			box := area(0, from)
			c.StrokeLines(edge, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
			c.FillText(label, vg.Point{X: box.Max.X + 3, Y: y(at-0.13) - 2.3}, valueText(&p.X, from))
		}
		b.plotTotals(c, p, r, y(at+0.29))
		c.FillText(note, vg.Point{X: c.Max.X, Y: y(at-0.13) - 2.1}, r.Note)
	}
}

// plotTotals draws a row's processes, their median and its interval.
func (b Bars) plotTotals(c draw.Canvas, p *gonum.Plot, r BarRow, up vg.Length) {
	x, _ := p.Transforms(&c)
	spread := func(i int) vg.Length { return up + vg.Length(i%3-1)*1.5 }
	inside := func(v float64) bool { return v >= p.X.Min && v <= p.X.Max }
	for j, v := range r.Totals.Valid {
		if inside(v) {
			drawMarker(c, r.Style, vg.Point{X: x(v), Y: spread(j)}, 1.2, 0x60)
		}
	}
	for j, v := range r.Totals.Invalid {
		if inside(v) {
			drawHollow(c, r.Style, vg.Point{X: x(v), Y: spread(j)}, 1.6)
		}
	}
	iv := stats.Summarise(r.Totals.Valid)
	if iv.N == 0 {
		return
	}
	whisker{Color: r.Style.Color, Width: 1, Cap: 1.6}.draw(c, iv, &p.X, func(v float64) vg.Point { return vg.Point{X: x(v), Y: up} })
	drawMarker(c, r.Style, vg.Point{X: x(iv.Center), Y: up}, 1.9, 0xff)
}

// BarPlot returns a panel of named rows, nil if there is nothing to draw. label
// is the x axis' label, note the heading of the rows' notes.
func BarPlot(label, note string, names []string, rows []BarRow) *gonum.Plot {
	widest := 0.0
	for _, r := range rows {
		widest = max(widest, r.End())
		if iv := stats.Summarise(r.Totals.Valid); iv.N > 0 {
			widest = max(widest, iv.Center)
		}
	}
	if widest == 0 { // no trial counts, so the hollow ones set the scale
		for _, r := range rows {
			for _, x := range r.Totals.Invalid {
				widest = max(widest, x)
			}
		}
	}
	if widest == 0 {
		return nil
	}
	p := NewPanel(label, "")
	p.X.Min, p.X.Max = 0, widest/(1-BesideBars)
	n := float64(len(rows))
	p.Y.Min, p.Y.Max = -0.6, n-0.4
	var ticks gonum.ConstantTicks
	for i, name := range names {
		ticks = append(ticks, gonum.Tick{Value: n - 1 - float64(i), Label: name})
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.Tick.LineStyle.Width = 0
	p.Y.LineStyle.Width = 0
	p.Add(Bars{rows, note})
	var ends []float64
	for _, r := range rows {
		ends = append(ends, r.End())
	}
	Tell(p, &p.X, names, ends)
	return p
}

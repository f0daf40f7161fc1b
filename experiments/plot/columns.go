package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// Columns draws stacked bars side by side, each with its processes' totals as a
// whisker.
type Columns struct{ Rows []BarRow }

// Half the width of a bar, and the whisker's distance from its middle. Bars are
// 1 apart.
const (
	columnHalf  = 0.3
	columnAside = 0.39
)

// Plot draws the columns. The panel's x axis numbers them from the left, from
// 0.
func (b Columns) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	edge := draw.LineStyle{Color: AxisInk, Width: thinLine}
	label := textStyle(textSize-0.5, true, Ink)
	label.XAlign = -0.5
	for i, r := range b.Rows {
		at, from := float64(i), 0.0
		area := func(from, to float64) vg.Rectangle {
			return vg.Rectangle{Min: vg.Point{X: x(at - columnHalf), Y: y(from)}, Max: vg.Point{X: x(at + columnHalf), Y: y(to)}}
		}
		for _, piece := range r.Pieces {
			box := area(from, from+piece.Width)
			piece.Fill.Paint(c, box)
			if from > 0 && box.Max.Y-box.Min.Y > 1.5 {
				c.StrokeLine2(draw.LineStyle{Color: Paper, Width: thinLine}, box.Min.X, box.Min.Y, box.Max.X, box.Min.Y)
			}
			from += piece.Width
		}
		if from == 0 {
			continue
		}
		box := area(0, from)
		c.StrokeLines(edge, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
		c.FillText(label, vg.Point{X: x(at), Y: box.Max.Y + 2}, valueText(&p.Y, from))
		iv := stats.Summarise(r.Totals.Valid)
		if iv.N == 0 {
			continue
		}
		aside := func(v float64) vg.Point { return vg.Point{X: x(at + columnAside), Y: y(v)} }
		whisker{Color: Ink, Width: 0.8, Cap: 1.5, Upright: true}.draw(c, iv, &p.Y, aside)
		drawMarker(c, r.Style, aside(iv.Center), 1.8, 0xff)
	}
}

package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// FewestOfLine is the number of rates from which a line joins their points.
// Fewer say nothing of what lies between them.
const FewestOfLine = 5

// Cloud draws one subject: a point for each process and phase, and the medians
// of its cells. A line joins FewestOfLine or more medians in their order.
type Cloud struct {
	Style   Style
	Valid   []vg.Point // x in requests/s, y in µs
	Invalid []vg.Point // of trials that do not count
	Medians []vg.Point
}

// Plot draws the line, pale processes over it, and the medians on top.
func (k Cloud) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	at := func(d vg.Point) vg.Point { return vg.Point{X: x(float64(d.X)), Y: y(float64(d.Y))} }
	var line []vg.Point
	for _, d := range k.Medians {
		line = append(line, at(d))
	}
	if len(line) >= FewestOfLine {
		c.StrokeLines(draw.LineStyle{Color: k.Style.Color, Width: lineWidth * 0.7, Dashes: k.Style.Dashes}, line)
	}
	for _, d := range k.Valid {
		drawMarker(c, k.Style, at(d), 1.5, 0x70)
	}
	for _, d := range k.Invalid {
		if pt := at(d); c.Contains(pt) {
			drawHollow(c, k.Style, pt, 1.8)
		}
	}
	for _, pt := range line {
		drawMarker(c, k.Style, pt, 2.8, 0xff)
	}
}

// Bounds holds the ranges of coordinates of points: x in [X0, X1], y in [Y0,
// Y1].
type Bounds struct{ X0, X1, Y0, Y1 float64 }

// Take extends the bounds to include the points.
func (b *Bounds) Take(pts []vg.Point) {
	for _, p := range pts {
		b.X0, b.X1 = min(b.X0, float64(p.X)), max(b.X1, float64(p.X))
		b.Y0, b.Y1 = min(b.Y0, float64(p.Y)), max(b.Y1, float64(p.Y))
	}
}

// Pairs returns the points (xs[i], ys[i]) whose coordinates are both positive.
func Pairs(xs, ys []float64) []vg.Point {
	var ps []vg.Point
	for i := range min(len(xs), len(ys)) {
		if xs[i] > 0 && ys[i] > 0 { // both axes may be logarithmic
			ps = append(ps, vg.Point{X: vg.Length(xs[i]), Y: vg.Length(ys[i])})
		}
	}
	return ps
}

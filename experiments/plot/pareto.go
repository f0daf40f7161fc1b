package plot

import (
	"math"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// ParetoPoint is one choice with its two costs, X and Y.
type ParetoPoint struct {
	Label string
	At    float64 // its position in the order
	X, Y  stats.Interval
}

// Pareto is a line that joins choices in the order of Points.
type Pareto struct {
	Style  Style
	Points []ParetoPoint
}

// paretos draws several lines in one panel.
type paretos []Pareto

// Plot draws the lines, both intervals of each point, and the points. It draws
// a label only where it covers no other label and no point.
func (ks paretos) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	var taken []vg.Rectangle
	for _, k := range ks {
		var line []vg.Point
		for _, b := range k.Points {
			line = append(line, vg.Point{X: x(b.X.Center), Y: y(b.Y.Center)})
		}
		c.StrokeLines(draw.LineStyle{Color: k.Style.Color, Width: lineWidth * 0.8, Dashes: k.Style.Dashes}, line)
		for i, b := range k.Points {
			w := whisker{Color: k.Style.pale(0x90), Width: 0.7, Cap: 1.2}
			w.draw(c, b.X, &p.X, func(v float64) vg.Point { return vg.Point{X: x(v), Y: line[i].Y} })
			w.Upright = true
			w.draw(c, b.Y, &p.Y, func(v float64) vg.Point { return vg.Point{X: line[i].X, Y: y(v)} })
		}
		for _, at := range line {
			drawMarker(c, k.Style, at, 2.2, 0xff)
			taken = append(taken, around(at, 2.2))
		}
	}
	text := textStyle(smallText, false, Ink)
	for _, k := range ks {
		text.Color = k.Style.Color
		for _, b := range k.Points {
			at := vg.Point{X: x(b.X.Center), Y: y(b.Y.Center)}
			if box, ok := roomBeside(c, at, text.Width(b.Label), taken); ok {
				c.FillText(text, box.Min, b.Label)
				taken = append(taken, box)
			}
		}
	}
}

func around(at vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}
}

// roomBeside returns a free box for a label beside a point: at its upper right,
// lower right, upper left or lower left. It returns false if none is free.
func roomBeside(c draw.Canvas, at vg.Point, width vg.Length, taken []vg.Rectangle) (vg.Rectangle, bool) {
	const height, off = vg.Length(6), vg.Length(3.2)
	for _, corner := range []vg.Point{{X: off, Y: 1.5}, {X: off, Y: -1.5 - height}, {X: -off - width, Y: 1.5}, {X: -off - width, Y: -1.5 - height}} {
		box := vg.Rectangle{Min: vg.Point{X: at.X + corner.X, Y: at.Y + corner.Y}}
		box.Max = vg.Point{X: box.Min.X + width, Y: box.Min.Y + height}
		inside := box.Min.X >= c.Min.X && box.Max.X <= c.Max.X && box.Min.Y >= c.Min.Y && box.Max.Y <= c.Max.Y
		if inside && !slices.ContainsFunc(taken, func(r vg.Rectangle) bool {
			return box.Min.X < r.Max.X && r.Min.X < box.Max.X && box.Min.Y < r.Max.Y && r.Min.Y < box.Max.Y
		}) {
			return box, true
		}
	}
	return vg.Rectangle{}, false
}

// ParetoPanel returns a panel of lines, nil if there are none. x and y label
// the axes.
func ParetoPanel(x, y string, ks []Pareto) *gonum.Plot {
	if len(ks) == 0 {
		return nil
	}
	b := Bounds{math.Inf(1), 0, math.Inf(1), 0}
	for _, k := range ks {
		for _, q := range k.Points {
			b.X0, b.X1, b.Y0, b.Y1 = min(b.X0, q.X.Lo), max(b.X1, q.X.Hi), min(b.Y0, q.Y.Lo), max(b.Y1, q.Y.Hi)
		}
	}
	p := NewPanel(x, y)
	if b.X0 > 0 && b.X1/b.X0 > 8 {
		LogAxis(&p.X, b.X0/1.2, b.X1*1.5)
	} else {
		Span(&p.X, b.X0, b.X1*1.04)
	}
	valueAxis(&p.Y, b.Y0, b.Y1, false)
	p.Add(paretos(ks))
	return p
}

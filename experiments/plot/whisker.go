package plot

import (
	"image/color"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// whisker draws an interval: a line with a cap at each end. An end outside the
// panel is an arrow at the panel's edge, without a cap.
type whisker struct {
	Color   color.Color
	Width   vg.Length // of the line
	Cap     vg.Length // half the length of a cap
	Upright bool      // along the y axis
}

// draw draws iv along an axis. at returns the place of a value within the axis.
// The line is dotted if there are too few values for an interval and iv is a
// range.
func (w whisker) draw(c draw.Canvas, iv stats.Interval, axis *gonum.Axis, at func(float64) vg.Point) {
	if iv.N < 2 {
		return
	}
	line := draw.LineStyle{Color: w.Color, Width: w.Width}
	if !iv.Enough() {
		line.Dashes = []vg.Length{1, 1}
	}
	inside := func(v float64) float64 { return min(max(v, axis.Min), axis.Max) }
	lo, hi := at(inside(iv.Lo)), at(inside(iv.Hi))
	c.StrokeLine2(line, lo.X, lo.Y, hi.X, hi.Y)
	line.Dashes = nil
	if iv.Lo < axis.Min {
		c.StrokeLines(line, w.arrow(lo, 1))
	} else if iv.Lo <= axis.Max {
		c.StrokeLines(line, w.cap(lo))
	}
	if iv.Hi > axis.Max {
		c.StrokeLines(line, w.arrow(hi, -1))
	} else if iv.Hi >= axis.Min {
		c.StrokeLines(line, w.cap(hi))
	}
}

// place returns the point that lies along and across the whisker from p.
func (w whisker) place(p vg.Point, along, across vg.Length) vg.Point {
	if w.Upright {
		along, across = across, along
	}
	return vg.Point{X: p.X + along, Y: p.Y + across}
}

// cap returns the line across the end at p.
func (w whisker) cap(p vg.Point) []vg.Point {
	return []vg.Point{w.place(p, 0, -w.Cap), w.place(p, 0, w.Cap)}
}

// arrow returns the head of an arrow whose tip is p. back is 1 if the line lies
// at greater values than p, and else -1.
func (w whisker) arrow(p vg.Point, back vg.Length) []vg.Point {
	const long = 1.7 // times Cap
	return []vg.Point{w.place(p, back*long*w.Cap, -w.Cap), p, w.place(p, back*long*w.Cap, w.Cap)}
}

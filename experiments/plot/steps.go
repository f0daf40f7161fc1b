package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	// LoadFill fills the area of the time during which the clients are there.
	LoadFill = Fill{RGB(0xe9edf2), Plain, Paper}
	// ServedLine is the line style of the requests served at a time.
	ServedLine = draw.LineStyle{Color: AxisInk, Width: 0.8, Dashes: []vg.Length{2.2, 1.4}}
	// NoMarker draws nothing.
	NoMarker = marker{}
)

// Steps draws counts over time, in s, during a step of load.
type Steps struct {
	Style  Style
	From   float64      // where the grey area ends, in s; it begins at 0
	Height float64      // of the grey area; if 0, that of the panel
	Thin   [][]vg.Point // one line for each trial that counts
	Hollow [][]vg.Point // one line for each trial that does not count
	Median []vg.Point
	Served []vg.Point
}

// Plot draws the load, the requests served, the trials, and their median on
// top.
func (k Steps) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	top := c.Max.Y
	if k.Height > 0 {
		top = y(k.Height)
	}
	LoadFill.Paint(c, vg.Rectangle{Min: vg.Point{X: x(0), Y: c.Min.Y}, Max: vg.Point{X: x(k.From), Y: top}})
	line := func(sty draw.LineStyle, pts []vg.Point) {
		var on []vg.Point
		for i, d := range pts {
			if i > 0 && i+1 < len(pts) && pts[i-1].Y == d.Y && d.Y == pts[i+1].Y {
				continue // within a level piece, which needs its ends only
			}
			on = append(on, vg.Point{X: x(float64(d.X)), Y: y(float64(d.Y))})
		}
		if len(on) > 1 {
			c.StrokeLines(sty, c.ClipLinesXY(on)...)
		}
	}
	line(ServedLine, k.Served)
	for _, pts := range k.Hollow {
		line(draw.LineStyle{Color: k.Style.pale(0x90), Width: thinLine, Dashes: []vg.Length{0.8, 1.2}}, pts)
	}
	for _, pts := range k.Thin {
		line(draw.LineStyle{Color: k.Style.pale(0x80), Width: thinLine}, pts)
	}
	line(draw.LineStyle{Color: k.Style.Color, Width: 1.4 * lineWidth}, k.Median)
}

// StepPanel returns a panel from before to end, in s, and from 0 to just above
// top. Only the first panel of a row has numbers and the label what at its y
// axis.
func StepPanel(k Steps, what string, first bool, before, end, top float64) *gonum.Plot {
	p := NewPanel("time (s)", "")
	p.X.Min, p.X.Max = before, end
	p.Y.Min, p.Y.Max = 0, 1.06*top
	if first {
		p.Y.Label.Text = what
	} else {
		p.Y.Tick.Marker = gonum.TickerFunc(func(lo, hi float64) []gonum.Tick {
			ts := LinearTicks(lo, hi)
			for i := range ts {
				ts[i].Label = " "
			}
			return ts
		})
	}
	p.Add(k)
	return p
}

package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// FloorStyle is the style of the line of Dots.Floor.
var FloorStyle = Style{Color: AxisInk, Marker: NoMarker, Dashes: []vg.Length{3, 1.6}}

// Dots draws one row for each subject: its processes as points, hollow if they
// do not count, and above them the median with its interval.
type Dots struct {
	Rows  []DotRow       // from the top
	Floor stats.Interval // if it has values, a line across all rows at its centre, in FloorStyle
}

// DotRow is the row of one subject.
type DotRow struct {
	Style  Style
	Sample stats.Sample
}

// Plot draws the rows. The panel's y axis numbers them from below, from 0.
func (d Dots) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	if d.Floor.N > 0 {
		c.StrokeLine2(draw.LineStyle{Color: FloorStyle.Color, Width: lineWidth, Dashes: FloorStyle.Dashes}, x(d.Floor.Center), c.Min.Y, x(d.Floor.Center), c.Max.Y)
	}
	label := textStyle(smallText, false, Ink)
	for i, r := range d.Rows {
		at := float64(len(d.Rows) - 1 - i)
		// Points step up and down so that equal values do not hide each other.
		spread := func(i int) vg.Length { return y(at-0.2) + vg.Length(i%3-1)*1.5 }
		for j, v := range r.Sample.Valid {
			drawMarker(c, r.Style, vg.Point{X: x(v), Y: spread(j)}, 1.5, 0x80)
		}
		for j, v := range r.Sample.Invalid {
			if v >= p.X.Min && v <= p.X.Max {
				drawHollow(c, r.Style, vg.Point{X: x(v), Y: spread(j)}, 1.8)
			}
		}
		iv := stats.Summarise(r.Sample.Valid)
		if iv.N == 0 {
			continue
		}
		up := y(at + 0.15)
		whisker{Color: r.Style.Color, Width: 1.3, Cap: 1.8}.draw(c, iv, &p.X, func(v float64) vg.Point { return vg.Point{X: x(v), Y: up} })
		drawMarker(c, r.Style, vg.Point{X: x(iv.Center), Y: up}, 2.3, 0xff)
		c.FillText(label, vg.Point{X: x(min(iv.Hi, p.X.Max)) + 5, Y: up - 2.2}, valueText(&p.X, iv.Center))
	}
}

// DotsHeight returns the height of panels with so many rows of dots, in points.
func DotsHeight(rows int) vg.Length { return vg.Length(24+15*rows) + 12 }

package plot

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// Curve draws the distribution of one cell: a line through the merged values of
// all processes, and the interval over processes of each quantile as a band.
// It ends at the last quantile that some process has ten values beyond. Times
// are in µs.
type Curve struct {
	style  Style
	N      int64     // number of values
	ps     []float64 // shares
	Xs     []float64 // quantiles at ps
	Lo, Hi []float64 // the band at ps
	Thin   bool      // a class beside the main one: no band, no markers
}

// shares lists the shares at which a curve is drawn: every half per cent, and
// closer at the top.
var shares = func() []float64 {
	var ps []float64
	for i := 1; i < 200; i++ {
		ps = append(ps, float64(i)/200)
	}
	return append(ps, 0.9975, 0.999)
}()

// marked lists the shares at which a curve has the subject's marker.
var marked = []float64{0.5, 0.9, 0.99}

// NewCurve returns the curve of a cell, given its processes' histograms in ns.
// It returns an error if they cannot be merged.
func NewCurve(hs []*hdrhistogram.Histogram, s Style) (Curve, error) {
	all, err := stats.Merge(hs)
	if err != nil {
		return Curve{}, err
	}
	c := Curve{style: s, N: all.TotalCount()}
	for i, iv := range stats.Band(hs, shares) {
		if iv.N == 0 {
			break // no process has ten values beyond it
		}
		c.ps = append(c.ps, shares[i])
		c.Xs = append(c.Xs, float64(all.ValueAtPercentile(100*shares[i]))/1e3)
		c.Lo = append(c.Lo, iv.Lo/1e3)
		c.Hi = append(c.Hi, iv.Hi/1e3)
	}
	return c, nil
}

// Plot draws the band, the line and the markers.
func (k Curve) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	var band []vg.Point
	for i := range k.ps {
		band = append(band, vg.Point{X: x(k.Lo[i]), Y: y(k.ps[i])})
	}
	for i := len(k.ps) - 1; i >= 0; i-- {
		band = append(band, vg.Point{X: x(k.Hi[i]), Y: y(k.ps[i])})
	}
	width := lineWidth
	if k.Thin {
		width = lineWidth * 0.6
	} else {
		c.FillPolygon(k.style.pale(bandGrey), c.ClipPolygonXY(band))
	}
	var line []vg.Point
	for i := range k.ps {
		line = append(line, vg.Point{X: x(k.Xs[i]), Y: y(k.ps[i])})
	}
	c.StrokeLines(draw.LineStyle{Color: k.style.Color, Width: width, Dashes: k.style.Dashes}, c.ClipLinesXY(line)...)
	if k.Thin {
		return
	}
	for _, m := range marked {
		for i := range k.ps {
			if math.Abs(k.ps[i]-m) < 1e-9 {
				drawMarker(c, k.style, line[i], 2.2, 0xff)
			}
		}
	}
}

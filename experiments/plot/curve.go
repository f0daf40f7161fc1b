package plot

import (
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// Curve draws the distribution of one cell: a line through the median over
// processes of each quantile, and its interval as a band. It ends at the last
// quantile that half of the processes have ten values beyond. Times are in µs.
type Curve struct {
	style  Style
	N      int64     // number of values of all processes
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

// FewestOfCurve is the number of values below which a cell has no curve.
const FewestOfCurve = 100

// NewCurve returns the curve of a cell, given its processes' histograms in ns.
// It has no points if there are fewer than FewestOfCurve values.
func NewCurve(hs []*hdrhistogram.Histogram, s Style) Curve {
	c := Curve{style: s}
	for _, h := range hs {
		c.N += h.TotalCount()
	}
	if c.N < FewestOfCurve {
		return c
	}
	for i, iv := range stats.Band(hs, shares) {
		if iv.N == 0 || 2*iv.N < len(hs) {
			break
		}
		x := iv.Center / 1e3
		if i > 0 { // a median over fewer processes may be less, but a distribution does not fall
			x = max(x, c.Xs[i-1])
		}
		c.ps = append(c.ps, shares[i])
		c.Xs = append(c.Xs, x)
		c.Lo = append(c.Lo, iv.Lo/1e3)
		c.Hi = append(c.Hi, iv.Hi/1e3)
	}
	return c
}

// Quantile returns the median over processes of the least quantile drawn from p
// on, that of the curve's end if there is none, and 0 if the curve is empty.
func (k Curve) Quantile(p float64) float64 {
	if len(k.ps) == 0 {
		return 0
	}
	i, _ := slices.BinarySearch(k.ps, p)
	return k.Xs[min(i, len(k.Xs)-1)]
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

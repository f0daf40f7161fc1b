package figure

import (
	"fmt"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// curve is a distribution of one cell: through all values merged, with the
// band in which its processes' own quantiles lie. Times in µs.
type curve struct {
	style  style
	n      int64 // values
	ps     []float64
	xs     []float64
	lo, hi []float64
	thin   bool // a class beside the main one: no band, no markers
}

// shares at which a curve is drawn: every half per cent, and closer at the top.
var shares = func() []float64 {
	var ps []float64
	for i := 1; i < 200; i++ {
		ps = append(ps, float64(i)/200)
	}
	return append(ps, 0.9975, 0.999)
}()

// marked are the shares that carry the subject's marker.
var marked = []float64{0.5, 0.9, 0.99}

func newCurve(hs []*hdrhistogram.Histogram, s style) (curve, error) {
	all, err := stats.Merge(hs)
	if err != nil {
		return curve{}, err
	}
	c := curve{style: s, n: all.TotalCount(), ps: shares}
	for i, iv := range stats.Band(hs, shares) {
		c.xs = append(c.xs, float64(all.ValueAtPercentile(100*shares[i]))/1e3)
		c.lo = append(c.lo, iv.Lo/1e3)
		c.hi = append(c.hi, iv.Hi/1e3)
	}
	return c, nil
}

// Plot draws the band, the line and the markers.
func (k curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var band []vg.Point
	for i := range k.ps {
		band = append(band, vg.Point{X: x(k.lo[i]), Y: y(k.ps[i])})
	}
	for i := len(k.ps) - 1; i >= 0; i-- {
		band = append(band, vg.Point{X: x(k.hi[i]), Y: y(k.ps[i])})
	}
	width := lineWidth
	if k.thin {
		width = lineWidth * 0.6
	} else {
		c.FillPolygon(k.style.pale(bandGrey), c.ClipPolygonXY(band))
	}
	var line []vg.Point
	for i := range k.ps {
		line = append(line, vg.Point{X: x(k.xs[i]), Y: y(k.ps[i])})
	}
	c.StrokeLines(draw.LineStyle{Color: k.style.color, Width: width, Dashes: k.style.dashes}, c.ClipLinesXY(line)...)
	if k.thin {
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

// source is the name of the histograms of "H", "D" or "G" that a run has: the
// flight recorder's, whose ends lie in the server's own code, or else the kernel
// probe's.
func (v *view) source(tag string) string {
	for _, t := range v.valid() {
		for _, r := range t.Phases {
			if h := r.Histograms[tag]; h != nil && h.TotalCount() > 0 {
				return tag
			}
		}
	}
	return probeSource + tag
}

// probeSource begins the names of the probe's histograms.
const probeSource = "probe."

// sourceText says where a distribution's ends lie, if not in user code.
func (v *view) sourceText(source string) string {
	if !strings.HasPrefix(source, probeSource) {
		return ""
	}
	return "Both ends lie in the kernel here, at system calls: the kernel probe measured it."
}

// recording are the phases to take a source's histograms from: those of the
// recorder that nothing disturbs more than need be, or all.
func (v *view) recording(source string) []record.Phase {
	if strings.HasPrefix(source, probeSource) {
		return v.phases
	}
	return v.undisturbed(v.phases, true)
}

// cdf draws the distributions called name ("H", "D", "probe.H") of every phase and
// panel that has any; nil if none has. counts says how many values stand
// behind the curves.
func (v *view) cdf(name, label, of string) (s *sheet, with []record.Phase, counts string, err error) {
	lo, hi := math.Inf(1), math.Inf(-1)
	present := map[string]bool{}
	curves := map[[2]int][]curve{}
	fewest, most := int64(math.MaxInt64), int64(0)
	for _, ph := range v.recording(name) {
		j, any := v.indexOf(ph), false
		for i, p := range v.panels {
			for _, s := range v.subjects {
				hs := v.histograms(ph.Name, p, s, name)
				if len(hs) == 0 {
					continue
				}
				c, err := newCurve(hs, v.style[s])
				if err != nil {
					return nil, nil, "", err
				}
				curves[[2]int{j, i}] = append(curves[[2]int{j, i}], c)
				present[s], any = true, true
				fewest, most = min(fewest, c.n), max(most, c.n)
				lo, hi = min(lo, c.xs[0], c.lo[0]), max(hi, c.xs[len(c.xs)-1], c.hi[len(c.hi)-1])
			}
		}
		if any {
			with = append(with, ph)
		}
	}
	if len(curves) == 0 {
		return nil, nil, "", nil
	}
	lo, hi = max(lo/1.15, 1e-3), max(hi*1.15, lo*1.5)
	s = v.grid(with, func(ph record.Phase, i int) *plot.Plot {
		cs := curves[[2]int{v.indexOf(ph), i}]
		if len(cs) == 0 {
			return nil
		}
		p := newPlot(label+" (µs)", "share of "+of)
		logAxis(&p.X, lo, hi)
		p.Y.Min, p.Y.Max = 0, 1
		for _, c := range cs {
			p.Add(c)
		}
		return p
	})
	for _, name := range v.subjects {
		if present[name] {
			s.legend = append(s.legend, entry{label: name, style: v.style[name], line: true})
		}
	}
	counts = fmt.Sprintf("Behind a curve stand %s to %s %s.", thousands(float64(fewest)), thousands(float64(most)), of)
	return s, with, counts, nil
}

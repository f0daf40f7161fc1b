package plot

import (
	"math"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/words"
)

// Roomy adds room at the right of a narrow panel of dots, because the numbers
// beside them need it there.
func Roomy(p *gonum.Plot) {
	p.X.Tick.Marker = gonum.TickerFunc(func(lo, hi float64) []gonum.Tick { return fewer(LinearTicks(lo, hi), 4) })
	if _, log := p.X.Scale.(gonum.LogScale); log {
		p.X.Scale = gonum.LinearScale{}
		p.X.Label.Text = strings.TrimSuffix(p.X.Label.Text, ", log scale")
		p.X.Min = 0
		p.X.Max /= 1.7
	}
	room := p.X.Max - p.X.Min
	p.X.Min, p.X.Max = p.X.Min-0.04*room, p.X.Max+0.2*room
}

// fewer removes labels evenly until at most so many are left.
func fewer(ts []gonum.Tick, most int) []gonum.Tick {
	every := (len(ts) + most - 1) / most
	for i := range ts {
		if i%max(every, 1) != 0 {
			ts[i].Label = ""
		}
	}
	return ts
}

// Profile holds one subject's medians for each phase: x is the rate, y the
// latency at the quantile.
type Profile struct {
	Style    Style
	P50, P99 []vg.Point // x in requests/s, y in µs
}

// Multiple draws one profile over those of all others.
type Multiple struct {
	Own    Profile
	Others []Profile
}

// P99Dashes is the dash pattern of p99's lines, which tells them from p50's.
var P99Dashes = []vg.Length{2.2, 1.4}

// Plot draws the others in grey, then Own over them. Lines join FewestOfLine or
// more rates.
func (m Multiple) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	line := func(ps []vg.Point, s draw.LineStyle) (at []vg.Point) {
		for _, d := range ps {
			at = append(at, vg.Point{X: x(float64(d.X)), Y: y(float64(d.Y))})
		}
		if len(at) >= FewestOfLine {
			c.StrokeLines(s, at)
		}
		return at
	}
	var points vg.Path
	behind := draw.LineStyle{Color: RGB(0xd6d6d6), Width: 0.5}
	for _, o := range m.Others {
		low := line(o.P50, behind)
		behind.Dashes = P99Dashes
		high := line(o.P99, behind)
		behind.Dashes = nil
		if len(low) < FewestOfLine {
			for _, at := range slices.Concat(low, high) {
				if on(at) {
					points = append(points, square.path(at, 0.8)...)
				}
			}
		}
	}
	c.SetColor(behind.Color)
	c.Fill(points)
	own := draw.LineStyle{Color: m.Own.Style.Color, Width: lineWidth}
	low := line(m.Own.P50, own)
	own.Dashes, own.Width = P99Dashes, lineWidth*0.8
	high := line(m.Own.P99, own)
	for _, at := range high {
		drawMarker(c, m.Own.Style, at, 1.7, paleAlpha)
	}
	for _, at := range low {
		drawMarker(c, m.Own.Style, at, 2.1, 0xff)
	}
}

// Silence removes an axis' labels, which a panel further left has, but keeps
// the grid. Labels become blanks, because gonum draws no grid line at an empty
// label.
func Silence(a *gonum.Axis) {
	ticker := a.Tick.Marker
	a.Tick.Marker = gonum.TickerFunc(func(lo, hi float64) []gonum.Tick {
		ts := slices.Clone(ticker.Ticks(lo, hi))
		for i := range ts {
			if ts[i].Label != "" {
				ts[i].Label = " "
			}
		}
		return ts
	})
}

// DecadeTicks returns the ticks of a logarithmic axis with labels at powers of
// ten only.
func DecadeTicks(lo, hi float64) []gonum.Tick {
	ts := logTicks(lo, hi)
	for i, t := range ts {
		if e := math.Log10(t.Value); math.Abs(e-math.Round(e)) > 1e-9 {
			ts[i].Label = ""
		}
	}
	return ts
}

// FewTicks returns the ticks of a linear axis with about three labels, in
// thousands.
func FewTicks(lo, hi float64) []gonum.Tick {
	step := niceStep((hi - lo) / 4)
	var ts []gonum.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi; i++ {
		t := gonum.Tick{Value: i * step}
		if t.Value < lo+0.93*(hi-lo) { // a label further right would leave the panel
			t.Label = words.Number(t.Value / 1000)
		}
		ts = append(ts, t)
	}
	return ts
}

// Nameless removes the names of a panel's rows, which a panel further left has,
// but keeps the grid.
func Nameless(p *gonum.Plot) {
	ticks := p.Y.Tick.Marker.Ticks(0, 0)
	for i := range ticks {
		ticks[i].Label = " "
	}
	p.Y.Tick.Marker = gonum.ConstantTicks(ticks)
}

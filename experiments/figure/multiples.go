package figure

import (
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
)

// crowd is how many subjects' lines can be followed in one panel; more have a small
// panel each.
const crowd = 8

const (
	multipleColumns = 5
	multipleRow     = 30 * vg.Millimeter
)

// profile is one subject's medians over its phases: rate, and latency at two
// quantiles.
type profile struct {
	style    style
	p50, p99 []vg.Point // in data units
}

// multiple draws one profile over those of all others.
type multiple struct {
	own    profile
	others []profile
}

// p99Dashes tell the upper quantile's line from the lower one's.
var p99Dashes = []vg.Length{2.2, 1.4}

// Plot draws the others pale, then the own.
func (m multiple) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := func(ps []vg.Point, s draw.LineStyle) (at []vg.Point) {
		for _, d := range ps {
			at = append(at, vg.Point{X: x(float64(d.X)), Y: y(float64(d.Y))})
		}
		c.StrokeLines(s, at)
		return at
	}
	behind := draw.LineStyle{Color: rgb(0xd6d6d6), Width: 0.5}
	for _, o := range m.others {
		line(o.p50, behind)
		behind.Dashes = p99Dashes
		line(o.p99, behind)
		behind.Dashes = nil
	}
	own := draw.LineStyle{Color: m.own.style.color, Width: lineWidth}
	low := line(m.own.p50, own)
	own.Dashes, own.Width = p99Dashes, lineWidth*0.8
	high := line(m.own.p99, own)
	for _, at := range high {
		drawMarker(c, m.own.style, at, 1.7, 0x90)
	}
	for _, at := range low {
		drawMarker(c, m.own.style, at, 2.1, 0xff)
	}
}

// multiples draws latency against throughput with a small panel for each subject;
// nil where no requests were answered.
func (v *view) multiples() *sheet {
	kept, few := v.outermost(maxColumns)
	s := &sheet{width: twoColumns, row: multipleRow, few: few}
	for _, i := range kept {
		p := v.panels[i]
		var all []profile
		var names []string
		b := bounds{math.Inf(1), 0, math.Inf(1), 0}
		for _, name := range v.subjects {
			if k := v.profile(p, name); len(k.p50) > 0 {
				all, names = append(all, k), append(names, name)
				b.take(k.p50)
				b.take(k.p99)
			}
		}
		for from := 0; from < len(all); from += multipleColumns {
			row := make([]tile, multipleColumns)
			last := from+multipleColumns >= len(all)
			for j := range min(multipleColumns, len(all)-from) {
				i := from + j
				pl := newPlot("", "")
				logAxis(&pl.Y, b.y0/1.4, b.y1*1.4)
				pl.Y.Tick.Marker = plot.TickerFunc(decadeTicks)
				pl.X.Min, pl.X.Max = 0, b.x1*1.1
				pl.X.Tick.Marker = plot.TickerFunc(fewTicks)
				if j == 0 {
					pl.Y.Label.Text = strings.TrimPrefix(strings.TrimSuffix(p.title, " connections")+"\nlatency (µs)", "\n")
				} else {
					silence(&pl.Y)
				}
				if last || from+multipleColumns+j >= len(all) {
					pl.X.Label.Text = "rate (1,000/s)"
				}
				pl.Add(multiple{all[i], slices.Concat(all[:i], all[i+1:])})
				row[j] = tile{pl, names[i]}
			}
			s.rows = append(s.rows, row)
		}
	}
	if len(s.rows) == 0 {
		return nil
	}
	s.legend = []entry{{label: "p50", style: style{color: ink}, line: true}, {label: "p99", style: style{color: ink, dashes: p99Dashes}, line: true}}
	return s
}

func (v *view) profile(p panel, name string) profile {
	k := profile{style: v.style[name]}
	rate := metricOf(keyRate)
	for _, ph := range v.undisturbed(v.phases, false) {
		x := stats.Summarise(v.sample(ph.Name, p, name, rate).valid)
		low, high := stats.Summarise(v.sample(ph.Name, p, name, metricOf(keyLatP50)).valid), stats.Summarise(v.sample(ph.Name, p, name, metricOf(keyLatP99)).valid)
		if x.N == 0 || low.N == 0 || low.Center <= 0 || high.Center <= 0 {
			continue
		}
		k.p50 = append(k.p50, vg.Point{X: vg.Length(x.Center), Y: vg.Length(low.Center)})
		k.p99 = append(k.p99, vg.Point{X: vg.Length(x.Center), Y: vg.Length(high.Center)})
	}
	for _, ps := range [][]vg.Point{k.p50, k.p99} {
		sort.SliceStable(ps, func(i, j int) bool { return ps[i].X < ps[j].X })
	}
	return k
}

// silence keeps an axis' grid without its labels, which stand further left.
func silence(a *plot.Axis) {
	ticker := a.Tick.Marker
	a.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		ts := slices.Clone(ticker.Ticks(lo, hi))
		for i := range ts {
			if ts[i].Label != "" {
				ts[i].Label = " "
			}
		}
		return ts
	})
}

// decadeTicks label powers of ten alone.
func decadeTicks(lo, hi float64) []plot.Tick {
	ts := logTicks(lo, hi)
	for i, t := range ts {
		if e := math.Log10(t.Value); math.Abs(e-math.Round(e)) > 1e-9 {
			ts[i].Label = ""
		}
	}
	return ts
}

// fewTicks puts about three labels, in thousands.
func fewTicks(lo, hi float64) []plot.Tick {
	step := niceStep((hi - lo) / 4)
	var ts []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi; i++ {
		t := plot.Tick{Value: i * step}
		if t.Value < lo+0.93*(hi-lo) { // it would reach beyond the panel
			t.Label = number(t.Value / 1000)
		}
		ts = append(ts, t)
	}
	return ts
}

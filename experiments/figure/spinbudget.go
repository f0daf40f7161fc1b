package figure

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// budget is what one spin budget buys: time against CPU.
type budget struct {
	label     string
	at        float64
	cpu, time stats.Interval
}

// pareto is one line of budgets, joined in their order.
type pareto struct {
	style   style
	budgets []budget
}

// paretos draws such lines in one panel.
type paretos []pareto

// Plot draws the lines, both intervals of each point, the points, and labels
// where they cover neither each other nor a point.
func (ks paretos) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var taken []vg.Rectangle
	for _, k := range ks {
		var line []vg.Point
		for _, b := range k.budgets {
			line = append(line, vg.Point{X: x(b.cpu.Center), Y: y(b.time.Center)})
		}
		c.StrokeLines(draw.LineStyle{Color: k.style.color, Width: lineWidth * 0.8, Dashes: k.style.dashes}, line)
		bar := draw.LineStyle{Color: k.style.pale(0x90), Width: 0.7}
		for i, b := range k.budgets {
			c.StrokeLine2(bar, x(b.cpu.Lo), line[i].Y, x(b.cpu.Hi), line[i].Y)
			c.StrokeLine2(bar, line[i].X, y(b.time.Lo), line[i].X, y(b.time.Hi))
		}
		for _, at := range line {
			drawMarker(c, k.style, at, 2.2, 0xff)
			taken = append(taken, around(at, 2.2))
		}
	}
	text := textStyle(textSize-1, false, ink)
	for _, k := range ks {
		text.Color = k.style.color
		for _, b := range k.budgets {
			at := vg.Point{X: x(b.cpu.Center), Y: y(b.time.Center)}
			if box, ok := roomBeside(c, at, text.Width(b.label), taken); ok {
				c.FillText(text, box.Min, b.label)
				taken = append(taken, box)
			}
		}
	}
}

func around(at vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}
}

// roomBeside finds a place for a label beside a point: at its upper right, lower
// right, upper left or lower left.
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

// spinFigure draws what spinning before sleep buys and what it costs.
func (v *view) spinFigure() Figure {
	f := Figure{Name: "spin", Headline: "F7", Title: "What a spin budget buys, and what it costs"}
	spin, ok := v.axis("spin")
	if !ok {
		return f.without("no axis is spin")
	}
	cpu := metricOf(keyCPU)
	rates, byRate := v.axis("rate")
	for _, y := range v.gapOrDispatch() {
		var tiles []tile
		var legend []entry
		shown := map[string]bool{}
		for _, p := range v.combinations(spin.Name, rates.Name) {
			var ks []pareto
			add := func(ph record.Phase, cell record.Cell, name string) {
				looks := ramp(len(ks) + 1)
				k := pareto{style: looks[len(ks)], budgets: v.budgets(spin, ph.Name, cell, cpu, y)}
				if len(k.budgets) == 0 {
					return
				}
				ks = append(ks, k)
				shown[ph.Name] = true
				if !slices.ContainsFunc(legend, func(e entry) bool { return e.label == name }) {
					legend = append(legend, entry{label: name, style: k.style, line: true})
				}
			}
			for _, ph := range v.phasesByLoad() {
				if !byRate {
					add(ph, p.cell, v.load(ph, v.panelOf(p.cell)))
					continue
				}
				for _, rate := range rates.Values {
					name := rate + " requests/s"
					if x, ok := numberOf(rate); ok {
						name = thousands(x) + " requests/s"
					}
					if len(v.phases) > 1 {
						name += ", " + ph.Name
					}
					add(ph, with(p.cell, rates.Name, rate), name)
				}
			}
			if pl := paretoPanel(cpu.Label(), y.Label(), ks); pl != nil {
				tiles = append(tiles, tile{pl, p.title})
			}
		}
		if f.sheet = inRows(tiles, maxColumns); f.sheet == nil {
			continue
		}
		f.sheet.legend = legend
		f.Caption = join(fmt.Sprintf("Each point is a spin budget, the time a thread looks for work before it sleeps, labelled with it; lines join budgets in their order. Lower and further left is better: further right is CPU time paid for the lower %s.", y.Heading()),
			"Points are medians over processes, bars their "+v.intervalName()+".", v.loads(v.phasesNamed(shown)), v.replicates(), v.leftOut("and not drawn"))
		return f
	}
	return f.without("no trial measured CPU time beside G or D along spin")
}

// gapOrDispatch are the times that a spin budget may shorten, the one that is
// drawn where it was measured first.
func (v *view) gapOrDispatch() []record.Metric {
	return []record.Metric{metricOf(keyGP50), probeTimes[2], metricOf(keyDP50), probeTimes[0], metricOf(keyHP50)}
}

func (v *view) budgets(spin record.Axis, phase string, c record.Cell, cpu, time record.Metric) []budget {
	var bs []budget
	for _, value := range spin.Values {
		ts := v.where(with(c, spin.Name, value))
		b := budget{label: budgetLabel(value), cpu: stats.Summarise(sampleOf(ts, phase, cpu).valid), time: stats.Summarise(sampleOf(ts, phase, time).valid)}
		if b.at, _ = numberOf(value); b.cpu.N > 0 && b.time.N > 0 {
			bs = append(bs, b)
		}
	}
	slices.SortStableFunc(bs, func(a, b budget) int { return cmp.Compare(a.at, b.at) })
	return bs
}

// budgetLabel writes a duration as people do: "2 µs", "0".
func budgetLabel(value string) string {
	if us, ok := numberOf(value); ok && strings.Trim(value, "0123456789.") != "" {
		if us == 0 {
			return "0"
		}
		return number(us) + " µs"
	}
	return value
}

func paretoPanel(x, y string, ks []pareto) *plot.Plot {
	if len(ks) == 0 {
		return nil
	}
	b := bounds{math.Inf(1), 0, math.Inf(1), 0}
	for _, k := range ks {
		for _, q := range k.budgets {
			b.x0, b.x1, b.y0, b.y1 = min(b.x0, q.cpu.Lo), max(b.x1, q.cpu.Hi), min(b.y0, q.time.Lo), max(b.y1, q.time.Hi)
		}
	}
	p := newPlot(x, y)
	if b.x0 > 0 && b.x1/b.x0 > 8 {
		logAxis(&p.X, b.x0/1.2, b.x1*1.5)
	} else {
		p.X.Min, p.X.Max = 0, b.x1*1.12
	}
	valueAxis(&p.Y, b.y0, b.y1, false)
	p.Add(paretos(ks))
	return p
}

// panelOf is the panel that a cell lies in.
func (v *view) panelOf(c record.Cell) panel {
	for _, p := range v.panels {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c)), func(name string) bool { return name != v.group && p.cell[name] != c[name] }) {
			return p
		}
	}
	return panel{cell: c}
}

package figure

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// cloud is what one subject reached: a point for each process and phase, and
// the medians of its cells, joined in the order of their rates.
type cloud struct {
	style   style
	valid   []vg.Point // x requests/s, y µs, both in data units
	invalid []vg.Point
	medians []vg.Point
}

// Plot draws the processes pale, then the medians over them.
func (k cloud) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(d vg.Point) vg.Point { return vg.Point{X: x(float64(d.X)), Y: y(float64(d.Y))} }
	var line []vg.Point
	for _, d := range k.medians {
		line = append(line, at(d))
	}
	c.StrokeLines(draw.LineStyle{Color: k.style.color, Width: lineWidth * 0.7, Dashes: k.style.dashes}, line)
	for _, d := range k.valid {
		drawMarker(c, k.style, at(d), 1.5, 0x70)
	}
	for _, d := range k.invalid {
		if pt := at(d); c.Contains(pt) {
			drawHollow(c, k.style, pt, 1.8)
		}
	}
	for _, pt := range line {
		drawMarker(c, k.style, pt, 2.8, 0xff)
	}
}

// scatter draws p50 and p99 of latency against throughput, a row for each.
// All phases share a panel. It is nil where no requests were answered.
func (v *view) scatter() *sheet {
	if len(v.subjects) > crowd {
		return v.multiples()
	}
	rate := metricOf(keyRate)
	var rows [][]tile
	present := map[string]bool{}
	kept, few := v.outermost(maxPanels)
	for _, key := range []string{keyLatP50, keyLatP99} {
		latency := metricOf(key)
		var row []tile
		for _, i := range kept {
			p := v.panels[i]
			row = append(row, v.scatterTile(p, rate, latency, present))
		}
		rows = append(rows, row)
	}
	if len(present) == 0 {
		return nil
	}
	s := &sheet{width: twoColumns, row: 54 * vg.Millimeter, rows: rows, few: few}
	switch {
	case len(kept) == 1: // the two quantiles side by side
		s.rows = [][]tile{{rows[0][0], rows[1][0]}}
	case len(kept) > maxColumns: // one row for each panel
		s.rows = nil
		for i := range kept {
			s.rows = append(s.rows, []tile{rows[0][i], rows[1][i]})
		}
	}
	for _, name := range v.subjects {
		if present[name] {
			s.legend = append(s.legend, entry{label: name, style: v.style[name], line: true})
		}
	}
	return s
}

func (v *view) scatterTile(p panel, rate, latency record.Metric, present map[string]bool) tile {
	var clouds []cloud
	var hollow []vg.Point
	b := bounds{math.Inf(1), 0, math.Inf(1), 0}
	for _, name := range v.subjects {
		k := cloud{style: v.style[name]}
		for _, ph := range v.undisturbed(v.phases, false) {
			xs, ys := v.sample(ph.Name, p, name, rate), v.sample(ph.Name, p, name, latency)
			k.valid = append(k.valid, pairs(xs.valid, ys.valid)...)
			k.invalid = append(k.invalid, pairs(xs.invalid, ys.invalid)...)
			if len(xs.valid) > 0 {
				k.medians = append(k.medians, vg.Point{
					X: vg.Length(stats.Summarise(xs.valid).Center), Y: vg.Length(stats.Summarise(ys.valid).Center)})
			}
		}
		if len(k.valid)+len(k.invalid) == 0 {
			continue
		}
		sort.SliceStable(k.medians, func(i, j int) bool { return k.medians[i].X < k.medians[j].X })
		present[name] = true
		b.take(k.valid)
		hollow = append(hollow, k.invalid...)
		clouds = append(clouds, k)
	}
	if len(clouds) == 0 {
		return tile{}
	}
	if b.x1 == 0 { // nothing that counts: then the hollow ones set the scale
		b.take(hollow)
	}
	pl := newPlot("achieved rate (requests/s)", latency.Label())
	logAxis(&pl.Y, b.y0/1.4, b.y1*1.4)
	if b.x1/b.x0 > 20 {
		logAxis(&pl.X, b.x0/1.3, b.x1*1.3)
	} else {
		pl.X.Min, pl.X.Max = 0, b.x1*1.08
	}
	for _, k := range clouds {
		pl.Add(k)
	}
	return tile{pl, joinTitle(p.title, latency.Heading())}
}

func joinTitle(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// phasesByLoad puts what is compared at equal offered rate first, and of equal
// loads what no probe disturbs.
func (v *view) phasesByLoad() []record.Phase {
	ps := slices.Clone(v.phases)
	rank := func(ph record.Phase) (n int) {
		if !v.isOpen(ph) {
			n = 2
		}
		if ph.Probe != "" {
			n++
		}
		return n
	}
	slices.SortStableFunc(ps, func(a, b record.Phase) int { return rank(a) - rank(b) })
	return ps
}

// undisturbed leaves out the phases with the probe whose load another phase has
// without it: figures of what is measured without the probe show the latter.
// recorded asks for what the flight recorder measures.
func (v *view) undisturbed(phases []record.Phase, recorded bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(phases), func(on record.Phase) bool {
		return on.Probe != "" && slices.ContainsFunc(v.phases, func(off record.Phase) bool {
			return off.Probe == "" && sameLoad(on, off) && (off.Flight == on.Flight || !recorded)
		})
	})
}

func (v *view) isOpen(ph record.Phase) bool {
	for _, p := range v.panels {
		if v.offered(ph.Name, p) > 0 {
			return true
		}
	}
	return false
}

type bounds struct{ x0, x1, y0, y1 float64 }

func (b *bounds) take(pts []vg.Point) {
	for _, p := range pts {
		b.x0, b.x1 = min(b.x0, float64(p.X)), max(b.x1, float64(p.X))
		b.y0, b.y1 = min(b.y0, float64(p.Y)), max(b.y1, float64(p.Y))
	}
}

func pairs(xs, ys []float64) []vg.Point {
	var ps []vg.Point
	for i := range min(len(xs), len(ys)) {
		if xs[i] > 0 && ys[i] > 0 { // both axes may be logarithmic
			ps = append(ps, vg.Point{X: vg.Length(xs[i]), Y: vg.Length(ys[i])})
		}
	}
	return ps
}

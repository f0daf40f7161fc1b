package figure

import (
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// architecturesShown are the architectures that the headline shows beside each other.
var architecturesShown = []string{pattern, rival, "event", baseline}

// columns draws stacked bars side by side, each with its processes' totals as a
// whisker.
type columns struct{ rows []barRow }

// The bar's half width, and where its whisker stands, in bars.
const (
	columnHalf  = 0.3
	columnAside = 0.39
)

// Plot draws them from the left; the panel's x axis counts them.
func (b columns) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	edge := draw.LineStyle{Color: axisInk, Width: thinLine}
	label := textStyle(textSize-0.5, true, ink)
	label.XAlign = -0.5
	for i, r := range b.rows {
		at, from := float64(i), 0.0
		area := func(from, to float64) vg.Rectangle {
			return vg.Rectangle{Min: vg.Point{X: x(at - columnHalf), Y: y(from)}, Max: vg.Point{X: x(at + columnHalf), Y: y(to)}}
		}
		for _, piece := range r.pieces {
			box := area(from, from+piece.width)
			piece.fill.paint(c, box)
			if from > 0 && box.Max.Y-box.Min.Y > 1.5 {
				c.StrokeLine2(draw.LineStyle{Color: paper, Width: thinLine}, box.Min.X, box.Min.Y, box.Max.X, box.Min.Y)
			}
			from += piece.width
		}
		if from == 0 {
			continue
		}
		box := area(0, from)
		c.StrokeLines(edge, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
		c.FillText(label, vg.Point{X: x(at), Y: box.Max.Y + 2}, short(from))
		iv := stats.Summarise(r.totals.valid)
		if iv.N == 0 {
			continue
		}
		within := func(v float64) vg.Length { return y(min(v, p.Y.Max)) }
		whisker(c, style{color: ink}, iv, x(at+columnAside), within)
		drawMarker(c, r.style, vg.Point{X: x(at + columnAside), Y: within(iv.Center)}, 1.8, 0xff)
	}
}

// barsFigure draws where the dispatch time of each architecture goes.
func (v *view) barsFigure() Figure {
	f := Figure{Name: headlines["F1"], Headline: "F1", Title: "Where a request's dispatch time goes, by architecture"}
	names := v.barred()
	if v.unprobed() != "" {
		return f.without("%s", v.unprobed())
	}
	if len(names) == 0 {
		return f.without("the run compares neither two of %s, nor so few others that their bars have room", listing(architecturesShown))
	}
	of := sums[0]
	var all []stack
	var tiles []tile
	shown := map[string]bool{}
	at := map[int][]stack{}
	var with []int
	kept, few := v.outermost(maxColumns)
	for _, i := range kept {
		p := v.panels[i]
		ph, ok := v.dissected(of, p, names)
		if !ok {
			continue
		}
		for _, name := range names {
			s := v.stack(of, ph.Name, p, name)
			at[i], all = append(at[i], s), append(all, s)
		}
		with = append(with, i)
		shown[ph.Name] = true
	}
	if len(with) == 0 {
		return f.without("no trial that counts holds stages of D of %s", listing(names))
	}
	small := merged(all)
	for _, i := range with {
		ph, _ := v.dissected(of, v.panels[i], names)
		tiles = append(tiles, tile{v.columnPanel(at[i], small), v.tileTitle(ph, v.panels[i], true)})
	}
	switch f.sheet = inRows(tiles, maxColumns); {
	case len(names) > 6:
		f.sheet = inRows(tiles, 1)
		f.sheet.width = twoColumns
	case len(names) > 4:
		f.sheet = inRows(tiles, 2)
	}
	f.sheet.row = 62 * vg.Millimeter
	f.sheet.legend = wordLegend(all, small)
	f.Caption = join(of.read, "A bar is the mean over processes of their means, split into its stages in the order of time from below; beside it the median of the processes' totals with its "+v.intervalName()+". A mean counts rare long waits, so that it can lie above the median.",
		few, v.loads(v.phasesNamed(shown)), v.replicates(), v.costBeside(), v.leftOut("and not drawn"))
	return f
}

// maxBars have room side by side over a page's width.
const maxBars = 10

// barred are the subjects that get a bar: the architectures and their variants in
// the architectures' order, or, where fewer than two of those are compared, all.
func (v *view) barred() []string {
	var bare, names []string
	for _, a := range architecturesShown {
		for _, s := range v.subjects {
			if s == a {
				bare = append(bare, s)
			}
			if s == a || familyOf(s) == a {
				names = append(names, s)
			}
		}
	}
	switch {
	case len(names) > 1 && len(names) <= maxBars:
		return names
	case len(bare) > 1:
		return bare
	case len(v.subjects) <= maxBars:
		return v.subjects
	}
	return nil
}

// barLabel breaks a long name, that it fits under its bar.
func barLabel(name string) string {
	if i := strings.Index(name, "-"); i > 0 && len(name) > 8 {
		return name[:i+1] + "\n" + name[i+1:]
	}
	return name
}

// dissected is the phase that the headline takes a panel's stages from, an open loop
// before a closed one.
func (v *view) dissected(of sum, p panel, names []string) (record.Phase, bool) {
	for _, ph := range v.phasesByLoad() {
		n := 0
		for _, name := range names {
			if s := v.stack(of, ph.Name, p, name); len(s.totals.valid) > 0 {
				n++
			}
		}
		if n > 0 {
			return ph, true
		}
	}
	return record.Phase{}, false
}

func (v *view) columnPanel(stacks []stack, small []string) *plot.Plot {
	var rows []barRow
	var ticks plot.ConstantTicks
	top := 0.0
	for i, s := range stacks {
		r := barRow{style: v.style[s.subject], pieces: s.pieces(small), totals: s.totals}
		rows = append(rows, r)
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: barLabel(s.subject)})
		top = max(top, r.end(), min(stats.Summarise(s.totals.valid).Hi, 1.6*r.end()))
	}
	p := newPlot("MPM", "mean dispatch latency D (µs)")
	p.X.Label.Text = ""
	p.X.Min, p.X.Max = -0.5, float64(len(rows))-0.4
	p.X.Tick.Marker, p.X.Tick.Length = ticks, 0
	p.Y.Min, p.Y.Max = 0, top*1.1
	p.Add(columns{rows})
	return p
}

// wordLegend is the legend of stages in words, a line for each family. Stages that
// are drawn alike have one entry.
func wordLegend(all []stack, small []string) []entry {
	var es []entry
	for _, k := range kinds {
		drawn := slices.ContainsFunc(all, func(s stack) bool {
			return slices.ContainsFunc(s.parts, func(p part) bool {
				return p.mean > 0 && slices.Contains(k.stages, p.name) && !slices.Contains(small, p.name)
			})
		})
		if !drawn {
			continue
		}
		e := entry{label: k.words, fill: &k.fill, family: k.family}
		if len(es) == 0 || es[len(es)-1].family != k.family {
			e.head = k.family.title()
		}
		es = append(es, e)
	}
	if slices.ContainsFunc(all, func(s stack) bool {
		return slices.ContainsFunc(s.pieces(small), func(p piece) bool { return p.fill == restFill })
	}) {
		es = append(es, entry{label: "other", fill: &restFill, family: rest, head: rest.title()})
	}
	return es
}

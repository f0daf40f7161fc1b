package figure

import (
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// architecturesShown are the architectures that the headline shows beside each other.
var architecturesShown = []string{pattern, rival, "event", baseline}

// barsFigure draws where the dispatch time of each architecture goes.
func (v *view) barsFigure() Figure {
	f := Figure{Name: headlines["F1"], Headline: "F1", Title: "Where a request's dispatch time goes, by architecture"}
	names := v.barred()
	if v.unprobed() != "" {
		return f.without("%s", v.unprobed())
	}
	if len(names) == 0 {
		return f.without("the run compares neither two of %s, nor so few others that their bars have room", words.List(architecturesShown))
	}
	of := sums[0]
	var all []stack
	var tiles []plot.Tile
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
		return f.without("no trial that counts holds stages of D of %s", words.List(names))
	}
	small := merged(all)
	for _, i := range with {
		ph, _ := v.dissected(of, v.panels[i], names)
		tiles = append(tiles, plot.Tile{Plot: v.columnPanel(at[i], small), Title: v.tileTitle(ph, v.panels[i], true)})
	}
	switch f.sheet = plot.InRows(tiles, maxColumns); {
	case len(names) > 6:
		f.sheet = plot.InRows(tiles, 1)
		f.sheet.Width = plot.TwoColumns
	case len(names) > 4:
		f.sheet = plot.InRows(tiles, 2)
	}
	f.sheet.Row = 62 * vg.Millimeter
	f.sheet.Legend = wordLegend(all, small)
	f.Caption = words.Sentences(of.read, "A bar is the mean over processes of their means, split into its stages in the order of time from below; beside it the median of the processes' totals with its "+v.intervalName()+". A mean counts rare long waits, so that it can lie above the median.",
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
			if s := v.stack(of, ph.Name, p, name); len(s.totals.Valid) > 0 {
				n++
			}
		}
		if n > 0 {
			return ph, true
		}
	}
	return record.Phase{}, false
}

func (v *view) columnPanel(stacks []stack, small []string) *gonum.Plot {
	var rows []plot.BarRow
	var ticks gonum.ConstantTicks
	top := 0.0
	for i, s := range stacks {
		r := plot.BarRow{Style: v.style[s.subject], Pieces: pieces(&s, small), Totals: s.totals}
		rows = append(rows, r)
		ticks = append(ticks, gonum.Tick{Value: float64(i), Label: barLabel(s.subject)})
		top = max(top, r.End(), min(stats.Summarise(s.totals.Valid).Hi, 1.6*r.End()))
	}
	p := plot.NewPanel("MPM", "mean dispatch latency D (µs)")
	p.X.Label.Text = ""
	p.X.Min, p.X.Max = -0.5, float64(len(rows))-0.4
	p.X.Tick.Marker, p.X.Tick.Length = ticks, 0
	p.Y.Min, p.Y.Max = 0, top*1.1
	p.Add(plot.Columns{Rows: rows})
	return p
}

// wordLegend is the legend of stages in words, a line for each family. Stages that
// are drawn alike have one entry.
func wordLegend(all []stack, small []string) []plot.Entry {
	var es []plot.Entry
	for _, k := range kinds {
		drawn := slices.ContainsFunc(all, func(s stack) bool {
			return slices.ContainsFunc(s.parts, func(p part) bool {
				return p.mean > 0 && slices.Contains(k.stages, p.name) && !slices.Contains(small, p.name)
			})
		})
		if !drawn {
			continue
		}
		e := plot.Entry{Label: k.words, Fill: &k.fill, Group: int(k.family)}
		if len(es) == 0 || es[len(es)-1].Group != int(k.family) {
			e.Head = k.family.title()
		}
		es = append(es, e)
	}
	if slices.ContainsFunc(all, func(s stack) bool {
		return slices.ContainsFunc(pieces(&s, small), func(p plot.Piece) bool { return p.Fill == restFill })
	}) {
		es = append(es, plot.Entry{Label: "other", Fill: &restFill, Group: int(rest), Head: rest.title()})
	}
	return es
}

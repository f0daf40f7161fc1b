package figure

import (
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// architecturesShown lists the architectures that where-time-goes compares.
var architecturesShown = []string{findings.Pattern, findings.Rival, "event", findings.Baseline}

var _ = enter(30, one((*View).barsFigure))

// barsFigure draws each architecture's mean dispatch latency, split into
// stages.
func (v *View) barsFigure() Figure {
	f := Figure{Name: "where-time-goes", Headline: "F1", Title: "Where a request's dispatch time goes, by architecture"}
	names := v.barred()
	if v.Unprobed() != "" {
		return f.without("%s", v.Unprobed())
	}
	if len(names) == 0 {
		return f.without("the run compares neither two of %s, nor so few others that their bars have room", words.List(architecturesShown))
	}
	of := findings.Sums[0]
	var all []findings.Stack
	var tiles []plot.Tile
	shown := map[string]bool{}
	at := map[int][]findings.Stack{}
	var with []int
	kept, few := v.outermost(maxColumns)
	for _, i := range kept {
		p := v.Panels[i]
		ph, ok := v.dissected(of, p, names)
		if !ok {
			continue
		}
		for _, name := range names {
			if s := v.Stack(of, ph.Name, p, name); len(s.Totals.Valid) > 0 { // a suite may leave cells out
				at[i], all = append(at[i], s), append(all, s)
			}
		}
		with = append(with, i)
		shown[ph.Name] = true
	}
	if len(with) == 0 {
		return f.without("no trial that counts holds stages of D of %s", words.List(names))
	}
	small := findings.Merged(all)
	for _, i := range with {
		ph, _ := v.dissected(of, v.Panels[i], names)
		tiles = append(tiles, plot.Tile{Plot: v.columnPanel(at[i], small), Title: v.tileTitle(ph, v.Panels[i], true)})
	}
	switch f.Sheet = plot.InRows(tiles, maxColumns); {
	case len(names) > 6:
		f.Sheet = plot.InRows(tiles, 1)
		f.Sheet.Width = plot.TwoColumns
	case len(names) > 4:
		f.Sheet = plot.InRows(tiles, 2)
	}
	f.Sheet.Row = 62 * vg.Millimeter
	f.Sheet.Legend = wordLegend(all, small)
	f.Caption = words.Sentences(of.Read, barText+" Time runs upwards; beside a bar is the median with its "+v.intervalName()+". A process's mean counts rare long waits, so it can lie above its median.",
		few, v.loads(v.PhasesNamed(shown)), v.replicates(), v.CostBeside(), v.leftOut("and not drawn"))
	return f
}

// maxBars is the number of bars that fit side by side on a page.
const maxBars = 10

// barred returns the subjects that get a bar: the architectures and their
// variants, in the architectures' order. If these are more than maxBars,
// variants get none. If fewer than two architectures are compared, all subjects
// get one, or none if they are more than maxBars.
func (v *View) barred() []string {
	var bare, names []string
	for _, a := range architecturesShown {
		for _, s := range v.Subjects {
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
	case len(v.Subjects) <= maxBars:
		return v.Subjects
	}
	return nil
}

// barLabel breaks a long name so that it fits under its bar.
func barLabel(name string) string {
	if i := strings.Index(name, "-"); i > 0 && len(name) > 8 {
		return name[:i+1] + "\n" + name[i+1:]
	}
	return name
}

// dissected returns the phase from which to take a panel's stages: the first
// with any, and open loops come before closed ones. It returns false if none
// has stages.
func (v *View) dissected(of findings.Sum, p findings.Panel, names []string) (record.Phase, bool) {
	for _, ph := range v.PhasesByLoad() {
		n := 0
		for _, name := range names {
			if s := v.Stack(of, ph.Name, p, name); len(s.Totals.Valid) > 0 {
				n++
			}
		}
		if n > 0 {
			return ph, true
		}
	}
	return record.Phase{}, false
}

func (v *View) columnPanel(stacks []findings.Stack, small []string) *gonum.Plot {
	var rows []plot.BarRow
	var ticks gonum.ConstantTicks
	var names []string
	var ends []float64
	top := 0.0
	for i, s := range stacks {
		r := plot.BarRow{Style: v.Style[s.Subject], Pieces: pieces(&s, small), Totals: s.Totals}
		rows = append(rows, r)
		ticks = append(ticks, gonum.Tick{Value: float64(i), Label: barLabel(s.Subject)})
		names, ends = append(names, s.Subject), append(ends, r.End())
		top = max(top, r.End(), min(stats.Summarise(s.Totals.Valid).Hi, 1.6*r.End()))
	}
	p := plot.NewPanel("MPM", "mean dispatch latency D (µs)")
	p.X.Label.Text = ""
	p.X.Min, p.X.Max = -0.5, float64(len(rows))-0.4
	p.X.Tick.Marker, p.X.Tick.Length = ticks, 0
	p.Y.Min, p.Y.Max = 0, top*1.1
	p.Add(plot.Columns{Rows: rows})
	plot.Tell(p, &p.Y, names, ends)
	return p
}

// wordLegend returns the legend with stages described in words, one line for
// each family. Stages of one kind share an entry.
func wordLegend(all []findings.Stack, small []string) []plot.Entry {
	var es []plot.Entry
	for _, k := range kinds {
		drawn := slices.ContainsFunc(all, func(s findings.Stack) bool {
			return slices.ContainsFunc(s.Parts, func(p findings.Part) bool {
				return p.Mean > 0 && slices.Contains(k.stages, p.Name) && !slices.Contains(small, p.Name)
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
	if other := restParts(all, small); len(other) > 0 {
		es = append(es, plot.Entry{Label: strings.Join(other, ", "), Fill: &restFill, Group: int(rest), Head: rest.title()})
	}
	return es
}

// restParts says what the last piece of the bars consists of: stages of no
// kind, "other" for those in small, and time in no stage.
func restParts(all []findings.Stack, small []string) (parts []string) {
	merged, missing := false, false
	for _, s := range all {
		missing = missing || s.Missing() > 0
		for _, p := range s.Parts {
			switch {
			case p.Mean <= 0:
			case slices.Contains(small, p.Name):
				merged = true
			case kindOf(p.Name) == nil && !slices.Contains(parts, p.Name):
				parts = append(parts, p.Name)
			}
		}
	}
	if merged {
		parts = append(parts, "other")
	}
	if missing {
		parts = append(parts, "in no stage")
	}
	return parts
}

package figure

import (
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

var _ = enter(120, one((*View).economyFigure))

// economyFigure draws wakes, switches, system calls and CPU time for each
// connection, in one small panel each.
func (v *View) economyFigure() Figure {
	f := Figure{Name: "economy", Headline: "F6", Title: "Wakes, switches, system calls and CPU time of a connection"}
	metrics := findings.MetricsOf("wakes_per_connection", findings.KeySwitches, "syscalls_per_connection", findings.KeyCPU)
	// The panels are narrow and need short titles.
	metrics[0].Title, metrics[1].Title, metrics[3].Title = "wakes per connection", metrics[1].Short(), metrics[3].Short()
	names := v.rows(metrics[3], v.Undisturbed(v.PhasesByLoad(), false))
	var rows [][]plot.Tile
	shown := map[string]bool{}
	measured, counted := make([]bool, len(metrics)), false
	kept, few := v.outermost(maxColumns)
	for _, i := range kept {
		p := v.Panels[i]
		row := make([]plot.Tile, len(metrics))
		any := false
		for j, m := range metrics {
			ph, ok := v.cheapest(i, m)
			if !ok {
				continue
			}
			row[j].Plot = v.dotPanel(m, ph, p, names)
			plot.Roomy(row[j].Plot)
			measured[j], any, shown[ph.Name] = true, true, true
			counted = counted || strings.HasSuffix(m.Name, "_per_connection")
		}
		if any {
			row[0].Title = p.Title
			rows = append(rows, row)
		}
	}
	if asked := slices.Contains(v.Run.Manifest.Figures, f.Headline); len(rows) == 0 || !counted && !asked { // other figures show switches and CPU time
		return f.without("no trial counted wakes, switches or system calls")
	}
	f.Sheet = &plot.Sheet{Width: plot.TwoColumns, Row: plot.DotsHeight(len(names))}
	for _, row := range rows {
		var tiles []plot.Tile
		title := row[0].Title
		row[0].Title = ""
		named := false
		for j, t := range row {
			if !measured[j] {
				continue
			}
			switch {
			case t.Plot != nil && !named:
				t.Title, named = title, true
			case t.Plot != nil:
				plot.Nameless(t.Plot)
			}
			tiles = append(tiles, t)
		}
		f.Sheet.Rows = append(f.Sheet.Rows, tiles)
	}
	if v.hasFloor() {
		f.Sheet.Legend = floorLegend
	}
	f.Caption = words.Sentences("Wake-ups that the server issued and system calls are the kernel probe's counts over the connections that it took meanwhile; switches and CPU time are the process's accounting over the requests answered, from a phase without the probe where there is one. With connections that are kept, a connection has many requests and its counts are large.",
		few, v.loads(v.PhasesNamed(shown)), v.replicates(),
		"Small points are processes, the large one is their median, the bar its "+v.intervalName()+".", v.leftOut("drawn hollow where they left values"))
	return f
}

// cheapest returns the phase from which to take a metric in a panel: an open
// loop before a closed one, and of these one without the probe before one with
// it. It returns false if no phase has the metric.
func (v *View) cheapest(panel int, m record.Metric) (record.Phase, bool) {
	ps := v.PhasesByLoad()
	i := slices.IndexFunc(ps, func(ph record.Phase) bool { return v.Has(ph.Name, v.Panels[panel], m) })
	if i < 0 {
		return record.Phase{}, false
	}
	return ps[i], true
}

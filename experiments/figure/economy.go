package figure

import (
	"slices"
	"strings"

	"lflab/experiments/lab"
)

// economyFigure draws what a connection costs in wakes, switches, system calls
// and CPU time, one small panel each.
func (v *view) economyFigure() Figure {
	f := Figure{Name: "economy", Headline: "F6", Title: "Wakes, switches, system calls and CPU time of a connection"}
	metrics := []metric{
		labMetric("wakes_per_connection", "wakes per connection", "", 1),
		labMetric("switches_per_request", "switches per request", "", 1),
		labMetric("syscalls_per_connection", "system calls per connection", "", 1),
		labMetric("cpu_us_per_request", "CPU per request", "µs", 1),
	}
	var tiles []tile
	shown := map[string]bool{}
	columns, counted := 0, false
	for i, p := range v.panels {
		var row []tile
		for _, m := range metrics {
			ph, ok := v.cheapest(i, m)
			if !ok {
				continue
			}
			pl := v.dotPanel(m, ph, p, i)
			if pl == nil {
				continue
			}
			if len(row) > 0 {
				nameless(pl)
			}
			row = append(row, tile{pl, ""})
			shown[ph.Name] = true
			counted = counted || strings.HasSuffix(m.key, "_per_connection")
		}
		if len(row) > 0 {
			row[0].title = joinTitle(p.title, "")
			columns = max(columns, len(row))
			tiles = append(tiles, row...)
			for len(tiles)%columns != 0 {
				tiles = append(tiles, tile{})
			}
		}
	}
	if !counted { // then other figures say the rest
		return f.without("no trial counted wakes, switches or system calls")
	}
	f.sheet = inRows(tiles, columns)
	f.sheet.row = dotsHeight(len(v.subjects))
	f.Caption = join("Wake-ups that the server issued and system calls are the kernel probe's counts over the connections that it took meanwhile; switches and CPU time are the process's accounting over the requests answered, from a phase without the probe where there is one. With connections that are kept, a connection has many requests and its counts are large.",
		v.loads(v.phasesNamed(shown)), v.replicates(),
		"Small points are processes, the large one is their median, the bar its "+v.intervalName()+".", v.leftOut("drawn hollow where they left values"))
	return f
}

// cheapest is the phase that a metric is taken from in a panel: an open loop
// before a closed one, and one that no probe disturbs first.
func (v *view) cheapest(panel int, m metric) (lab.Phase, bool) {
	ps := v.phasesByLoad()
	i := slices.IndexFunc(ps, func(ph lab.Phase) bool { return v.has(ph.Name, v.panels[panel], m) })
	if i < 0 {
		return lab.Phase{}, false
	}
	return ps[i], true
}

// phasesNamed are the phases of these names, in the order of the suite.
func (v *view) phasesNamed(names map[string]bool) []lab.Phase {
	return slices.DeleteFunc(slices.Clone(v.phases), func(ph lab.Phase) bool { return !names[ph.Name] })
}

// compares reports whether all of these are subjects.
func (v *view) compares(names ...string) bool {
	return !slices.ContainsFunc(names, func(s string) bool { return !slices.Contains(v.subjects, s) })
}

package figure

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// maxColumns is how many panels stand side by side at most, maxPanels how many of
// one phase a figure has room for.
const (
	maxColumns = 3
	maxPanels  = 8
)

func (v *view) indexOf(ph record.Phase) int {
	for i := range v.phases {
		if v.phases[i].Name == ph.Name {
			return i
		}
	}
	return -1
}

// grid lays panels out: a row for each phase, a column for each combination of
// axes that has any panel, or all of them one after the other where there are too
// many columns. The first row of the figures is what is compared at equal offered
// rate.
func (v *view) grid(phases []record.Phase, draw func(ph record.Phase, panel int) *gonum.Plot) *plot.Sheet {
	rows := make([][]plot.Tile, len(phases))
	drawn := make([]bool, len(v.panels))
	kept, few := v.outermost(maxPanels)
	for j, ph := range phases {
		for i, p := range v.panels {
			var t plot.Tile
			if slices.Contains(kept, i) {
				t.Plot = draw(ph, i)
			}
			if t.Plot != nil {
				t.Title = v.tileTitle(ph, p, len(phases) > 1)
				drawn[i] = true
			}
			rows[j] = append(rows[j], t)
		}
	}
	columns := 0
	var all []plot.Tile
	for i := range drawn {
		if drawn[i] {
			columns++
		}
	}
	for _, row := range rows {
		for i, t := range row {
			if drawn[i] && (t.Plot != nil || columns <= maxColumns) {
				all = append(all, t)
			}
		}
	}
	if columns > maxColumns {
		columns = 2
	} else if columns == 1 && len(phases) > 1 {
		columns = min(len(phases), maxColumns)
	}
	s := &plot.Sheet{Width: plot.TwoColumns, Row: 58 * vg.Millimeter, Few: few}
	if columns == 1 {
		s.Width, s.Row = plot.OneColumn, 52*vg.Millimeter
	}
	for len(all) > 0 {
		row := make([]plot.Tile, columns)
		all = all[copy(row, all):]
		s.Rows = append(s.Rows, row)
	}
	return s
}

// tileTitle names a panel by what sets it apart from the others.
func (v *view) tileTitle(ph record.Phase, p panel, withLoad bool) string {
	switch {
	case !withLoad && p.title != "":
		return p.title
	case p.title == "":
		return v.load(ph, p)
	}
	// Both have to fit over half of a page's width.
	return strings.TrimSuffix(p.title, " connections") + " · " + v.load(ph, p)
}

// load says in a few words what a phase asks of the server in a panel, and
// what sets it apart from others that ask for the same.
func (v *view) load(ph record.Phase, p panel) string {
	s := v.plainLoad(ph, p)
	var recorder, probe, kind, generators bool
	for _, other := range v.phases {
		if other.Name == ph.Name || v.plainLoad(other, p) != s {
			continue
		}
		recorder = recorder || other.Flight != ph.Flight
		probe = probe || (other.Probe != "") != (ph.Probe != "")
		kind = kind || other.Probe != ph.Probe && other.Probe != "" && ph.Probe != ""
		generators = generators || other.Generators != ph.Generators
	}
	if generators {
		s = fmt.Sprintf("closed loop, generator threads: %d", ph.Generators)
	}
	on := map[bool]string{true: "on", false: "off"}
	seen := "probe " + on[ph.Probe != ""]
	if kind && ph.Probe != "" {
		seen = "probe: " + ph.Probe
	}
	switch {
	case recorder && probe && ph.Flight == (ph.Probe != "") && !kind:
		s += ", recorder and probe " + on[ph.Flight]
	case recorder && probe && ph.Flight:
		s += ", recorder on"
	case probe || kind:
		s += ", " + seen
	case recorder:
		s += ", recorder " + on[ph.Flight]
	}
	return s
}

func (v *view) plainLoad(ph record.Phase, p panel) string {
	switch rate := v.offered(ph.Name, p); {
	case rate > 0:
		return fmt.Sprintf("open loop, %s/s", words.Thousands(rate))
	case ph.Connections > 0:
		return fmt.Sprintf("closed loop, %d connections", ph.Connections)
	case ph.Title != "":
		return ph.Title
	}
	return ph.Name
}

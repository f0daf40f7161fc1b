package figure

import (
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// maxColumns is the number of panels that fit side by side, maxPanels the
// number of panels of one phase that fit in a figure.
const (
	maxColumns = 3
	maxPanels  = 8
)

// grid lays out panels: a row for each phase, and a column for each panel of
// the view that draw returns a plot for. If there are too many columns, all
// plots follow each other in rows of two. A single column becomes rows of
// several phases.
func (v *View) grid(phases []record.Phase, draw func(ph record.Phase, panel int) *gonum.Plot) *plot.Sheet {
	rows := make([][]plot.Tile, len(phases))
	drawn := make([]bool, len(v.Panels))
	kept, few := v.outermost(maxPanels)
	for j, ph := range phases {
		for i, p := range v.Panels {
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
	nameEqualTiles(rows, phases)
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

// nameEqualTiles adds the names of their phases to tiles with equal titles: two
// phases of one load differ in what else goes on.
func nameEqualTiles(rows [][]plot.Tile, phases []record.Phase) {
	count := map[string]int{}
	for _, row := range rows {
		for _, t := range row {
			count[t.Title]++
		}
	}
	for j, row := range rows {
		for i, t := range row {
			if t.Title != "" && count[t.Title] > 1 && len(phases) > 1 {
				row[i].Title = findings.JoinTitle(t.Title, phases[j].Name)
			}
		}
	}
}

// tileTitle names a panel by its cell, its load or both.
func (v *View) tileTitle(ph record.Phase, p findings.Panel, withLoad bool) string {
	switch {
	case !withLoad && p.Title != "":
		return p.Title
	case p.Title == "":
		return v.Load(ph, p)
	}
	// Both must fit over half of a page's width.
	return strings.TrimSuffix(p.Title, " connections") + " · " + v.Load(ph, p)
}

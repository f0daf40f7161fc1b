package findings

import (
	"fmt"
	"slices"

	"lflab/experiments/lab"
)

// ratioTable is the ratios that a suite asks for: a line for each cell, a column
// for each ratio.
type ratioTable struct {
	Titles []string
	Rows   []ratioLine
	Broken bool // a promise is
}

type ratioLine struct {
	Label  string
	Values []string // empty where the cell has no such ratio
}

// Ratios is the table of the run's ratios.
func (r *run) Ratios() ratioTable {
	var t ratioTable
	for _, q := range r.Data.Ratios() {
		title := q.Title
		if q.Most > 0 {
			title += fmt.Sprintf(" (at most %.4g)", q.Most)
		}
		column := slices.Index(t.Titles, title)
		if column < 0 {
			column = len(t.Titles)
			t.Titles = append(t.Titles, title)
		}
		label := lab.Label(r.Data.Manifest.Axes, q.Cell)
		at := slices.IndexFunc(t.Rows, func(l ratioLine) bool { return l.Label == label })
		if at < 0 {
			at = len(t.Rows)
			t.Rows = append(t.Rows, ratioLine{Label: label})
		}
		value := q.Of.String()
		if len(q.Values) > 1 { // the best of these
			value += " of " + q.To
		}
		if q.Promise() == "no" {
			value, t.Broken = "**"+value+"**", true
		}
		row := &t.Rows[at]
		for len(row.Values) <= column {
			row.Values = append(row.Values, "")
		}
		row.Values[column] = value
	}
	for i := range t.Rows {
		for len(t.Rows[i].Values) < len(t.Titles) {
			t.Rows[i].Values = append(t.Rows[i].Values, "")
		}
	}
	return t
}

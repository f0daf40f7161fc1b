package report

import (
	"fmt"
	"slices"

	"lflab/experiments/record"
)

// ratioTable is the table of the ratios that a suite asks for: a line for each
// cell, a column for each ratio.
type ratioTable struct {
	Titles []string
	Rows   []ratioLine
	Broken bool // some ratio breaks the suite's promise
}

type ratioLine struct {
	Label  string
	Values []string // one for each title; "" if the cell has no such ratio
}

// Ratios returns the table of the run's ratios. Broken promises are in bold.
func (r *run) Ratios() ratioTable {
	var t ratioTable
	ratios := r.Data.Ratios()
	title := func(q record.RatioRow) string {
		if q.Most > 0 {
			return fmt.Sprintf("%s (at most %.4g)", q.Title, q.Most)
		}
		return q.Title
	}
	for _, q := range ratios {
		t.Titles = once(t.Titles, title(q))
	}
	for _, q := range ratios {
		label := record.Label(r.Data.Manifest.Axes, q.Cell)
		at := slices.IndexFunc(t.Rows, func(l ratioLine) bool { return l.Label == label })
		if at < 0 {
			at = len(t.Rows)
			t.Rows = append(t.Rows, ratioLine{label, make([]string, len(t.Titles))})
		}
		value := q.Of.String()
		if len(q.Values) > 1 { // To is the best of Values
			value += " of " + q.To
		}
		if q.Promise() == "no" {
			value, t.Broken = "**"+value+"**", true
		}
		t.Rows[at].Values[slices.Index(t.Titles, title(q))] = value
	}
	return t
}

package report

import (
	"fmt"
	"slices"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/words"
)

// ratioTables returns one table of the ratios that the suite asks for, nil if
// it has none: a group of rows for each panel, a row for each subject, a column
// for each ratio.
func (v *view) ratioTables() []table {
	rows := v.Run.Ratios()
	if len(rows) == 0 {
		return nil
	}
	t := table{Title: "Ratios"}
	var asked []suite.Ratio
	for _, q := range v.Run.Manifest.Ratios {
		if slices.ContainsFunc(rows, func(r record.RatioRow) bool { return findings.SameRatio(r.Ratio, q) }) {
			asked = append(asked, q)
			c := column{Head: q.Title}
			if q.Most > 0 {
				c.Unit = fmt.Sprintf("at most %.2f?", q.Most)
			}
			t.Columns = append(t.Columns, c)
		}
	}
	t.Span = len(asked) + 2
	for _, p := range v.Panels {
		g := tableGroup{Title: words.Capital(p.Title)}
		for _, s := range v.Subjects {
			r := v.tableRow(p, s)
			for _, q := range asked {
				c := tableCell{Median: "–"}
				if i := slices.IndexFunc(rows, func(row record.RatioRow) bool {
					return findings.SameRatio(row.Ratio, q) && row.Cell[v.Group] == s && p.HasCell(row.Cell)
				}); i >= 0 {
					c = ratioCell(rows[i].Of)
					r.N = max(r.N, rows[i].Of.N)
				}
				r.Cells = append(r.Cells, c)
			}
			r.Few = r.N > 0 && r.N < stats.Fewest
			t.Few = t.Few || r.Few
			if r.N > 0 {
				g.Rows = append(g.Rows, r)
			}
		}
		if len(g.Rows) > 0 {
			t.Groups = append(t.Groups, g)
		}
	}
	return []table{t}
}

// ratioCell returns the cell of a ratio, always with two decimals.
func ratioCell(iv stats.Interval) tableCell { return cellOf(iv, 2) }

package figure

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/words"
)

// ratioTables are the figures that the suite asks for, one table for each panel
// and the ratios as columns.
func (v *view) ratioTables() []table {
	rows := v.run.Ratios()
	if len(rows) == 0 {
		return nil
	}
	t := table{Title: "Ratios"}
	var asked []suite.Ratio
	for _, q := range v.run.Manifest.Ratios {
		if slices.ContainsFunc(rows, func(r record.RatioRow) bool { return sameRatio(r.Ratio, q) }) {
			asked = append(asked, q)
			c := column{Head: q.Title}
			if q.Most > 0 {
				c.Unit = fmt.Sprintf("at most %.2f?", q.Most)
			}
			t.Columns = append(t.Columns, c)
		}
	}
	t.Span = len(asked) + 2
	for _, p := range v.panels {
		g := tableGroup{Title: words.Capital(p.title)}
		for _, s := range v.subjects {
			r := tableRow{Subject: s, Swatch: swatch(v.style[s])}
			for _, q := range asked {
				c := tableCell{Median: "–"}
				if i := slices.IndexFunc(rows, func(row record.RatioRow) bool {
					return sameRatio(row.Ratio, q) && row.Cell[v.group] == s && p.hasCell(row.Cell)
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

// answerPromises says of each ratio that the suite promises something of, in
// which cells it came true.
func (v *view) answerPromises() []Paragraph {
	rows := v.run.Ratios()
	var ps []Paragraph
	for _, q := range v.run.Manifest.Ratios {
		var all int
		found := map[string][]string{}
		for _, row := range rows {
			if q.Most == 0 || !sameRatio(row.Ratio, q) {
				continue
			}
			all++
			text := record.Label(v.run.Manifest.Axes, row.Cell)
			if p := row.Promise(); p != "yes" {
				text += " " + words.Ratio(row.Of)
			}
			found[row.Promise()] = append(found[row.Promise()], text)
		}
		if all == 0 {
			continue
		}
		s := fmt.Sprintf("%s is to be at most %.2f.", q.Title, q.Most)
		switch n := len(found["yes"]); {
		case n == all:
			s += fmt.Sprintf(" It is, in all of %d cells: the whole interval lies below.", all)
		case n > 0:
			s += fmt.Sprintf(" It is in %d of %d cells, with the whole interval: %s.", n, all, strings.Join(found["yes"], ", "))
		}
		if len(found["no"]) > 0 {
			s += fmt.Sprintf(" It is not in %s.", strings.Join(found["no"], ", "))
		}
		if len(found["open"]) > 0 {
			s += fmt.Sprintf(" It cannot be told of %s.", strings.Join(found["open"], ", "))
		}
		ps = append(ps, Paragraph{Text: s, Lead: true})
	}
	return ps
}

// sameRatio compares what is asked; two ratios of one suite may have one title.
func sameRatio(a, b suite.Ratio) bool {
	return a.Title == b.Title && a.Metric == b.Metric && a.Phase == b.Phase && a.Axis == b.Axis && slices.Equal(a.Values, b.Values)
}

// ratioCell has two decimals, whatever stands in the other rows.
func ratioCell(iv stats.Interval) tableCell { return cellOf(iv, 2) }

func (p panel) hasCell(c record.Cell) bool { return p.has(&record.Trial{Cell: c}) }

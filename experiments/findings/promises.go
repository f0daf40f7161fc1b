package findings

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/suite"
	"lflab/experiments/words"
)

// answerPromises says for each ratio with a promise of the suite in which cells
// the promise holds, in which it does not, and which are open.
func (v *View) answerPromises() []Paragraph {
	rows := v.Run.Ratios()
	var ps []Paragraph
	for _, q := range v.Run.Manifest.Ratios {
		var all int
		found := map[string][]string{}
		for _, row := range rows {
			if q.Most == 0 || !SameRatio(row.Ratio, q) {
				continue
			}
			all++
			text := record.Label(v.Run.Manifest.Axes, row.Cell)
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
		case n == all && n == 1:
			s += " It is: the whole interval lies below."
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
		ps = append(ps, Paragraph{Findings: remarks(s), Lead: true})
	}
	return ps
}

// SameRatio reports whether two ratios of a suite ask the same. It compares
// more than titles, because two ratios may share a title.
func SameRatio(a, b suite.Ratio) bool {
	return a.Title == b.Title && a.Metric == b.Metric && a.Phase == b.Phase && a.Axis == b.Axis && slices.Equal(a.Values, b.Values)
}

// HasCell reports whether a cell lies in the panel.
func (p Panel) HasCell(c record.Cell) bool { return p.has(&record.Trial{Cell: c}) }

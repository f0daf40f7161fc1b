package findings

import (
	"fmt"
	"strings"

	"lflab/experiments/record"
)

// Overlap is how far two runs agree in one metric.
type Overlap struct {
	Metric      string
	Cells       int // cells and phases where both have an interval that reaches 95 %
	Overlapping int // of them, whose two intervals share a value
	Few         int // cells and phases where one of them has too few trials for it
}

// Agreement compares two runs of a suite, metric by metric of summary.csv in its
// order: in how many cells and phases the intervals of the medians overlap. What
// only one of them measured is not looked at.
func Agreement(a, b *record.Run) []Overlap {
	earlier := map[string]record.Row{}
	name := func(axes []record.Axis, row record.Row) string { return record.Label(axes, row.Cell) + " " + row.Phase }
	for _, row := range a.Rows() {
		earlier[name(a.Manifest.Axes, row)] = row
	}
	rows := b.Rows()
	var all []Overlap
	for _, m := range record.Metrics {
		o := Overlap{Metric: m.Name}
		for _, row := range rows {
			x, okX := earlier[name(b.Manifest.Axes, row)].Measured[m.Name]
			y, okY := row.Measured[m.Name]
			switch {
			case !okX || !okY:
			case !x.Enough() || !y.Enough():
				o.Few++
			default:
				if o.Cells++; x.Overlaps(y) {
					o.Overlapping++
				}
			}
		}
		if o.Cells+o.Few > 0 {
			all = append(all, o)
		}
	}
	return all
}

// agreeText says in sentences how far the later of two runs agrees.
func agreeText(a, b *run) string {
	var cells, overlapping, few int
	var apart []string
	for _, o := range Agreement(a.Data, b.Data) {
		cells, overlapping, few = cells+o.Cells, overlapping+o.Overlapping, few+o.Few
		if o.Overlapping < o.Cells {
			apart = append(apart, fmt.Sprintf("%s %d of %d", o.Metric, o.Overlapping, o.Cells))
		}
	}
	with := fmt.Sprintf("[%s](#%s) (seed %d)", a.Name, a.Name, a.Data.Manifest.Seed)
	if a.Data.Manifest.SuiteDigest != b.Data.Manifest.SuiteDigest {
		with += ", which ran another state of the suite,"
	}
	if cells == 0 {
		return fmt.Sprintf("Whether it agrees with %s cannot be told: no cell has enough trials that count in both.", with)
	}
	text := fmt.Sprintf("It agrees with %s in %d of %d intervals of cells' metrics (%.1f %%)", with, overlapping, cells, 100*float64(overlapping)/float64(cells))
	if len(apart) > 0 {
		text += "; those that do not overlap in every cell: " + strings.Join(apart, ", ")
	}
	text += "."
	if few > 0 {
		text += fmt.Sprintf(" %d more rest on too few trials.", few)
	}
	return text
}

package record

// Agreement is how far two runs agree in one metric.
type Agreement struct {
	Metric      string
	Cells       int // cells and phases where both have an interval that reaches 95 %
	Overlapping int // of them, whose two intervals share a value
	Few         int // cells and phases where one of them has too few trials for it
}

// Agree compares two runs of a suite, metric by metric of summary.csv in its
// order: in how many cells and phases the intervals of the medians overlap. With equal
// truths nearly all do, because two intervals of 95 % miss each other far less
// often than one of them misses the truth. What only one of the runs measured is
// not looked at.
func Agree(a, b *Run) []Agreement {
	earlier := map[string]Row{}
	name := func(axes []Axis, row Row) string { return Label(axes, row.Cell) + " " + row.Phase }
	for _, row := range a.Rows() {
		earlier[name(a.Manifest.Axes, row)] = row
	}
	rows := b.Rows()
	var all []Agreement
	for _, m := range Metrics {
		o := Agreement{Metric: m.Name}
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

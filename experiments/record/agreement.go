package record

// Agreement counts how often two runs agree in one metric.
type Agreement struct {
	Metric      string
	Cells       int // cells and phases in which both runs have an interval that reaches 95 %
	Overlapping int // of them, those whose two intervals share a value
	Few         int // cells and phases in which a run has too few trials for such an interval
}

// Agree compares two runs of a suite, metric by metric in the order of
// summary.csv. It counts the cells and phases in which the intervals of the
// medians overlap. If the true medians are equal, nearly all overlap, because
// two 95 % intervals miss each other far less often than one misses the truth.
// Agree ignores measurements of only one run.
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

package figure

import (
	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// along returns a metric over the numeric values of an axis, in ascending
// order: of a phase, in the cells that have the values of c.
func (v *View) along(axis record.Axis, phase string, c record.Cell, m record.Metric) []plot.SeriesPoint {
	var ps []plot.SeriesPoint
	for _, value := range axis.Values {
		x, ok := findings.NumberOf(value)
		if !ok {
			continue
		}
		if iv := stats.Summarise(findings.SampleOf(v.Where(c.With(axis.Name, value)), phase, m).Valid); iv.N > 0 {
			ps = append(ps, plot.SeriesPoint{X: x, Of: iv})
		}
	}
	return plot.ByX(ps)
}

package record

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// MetricNames returns the names of all metrics, in the order of the tables.
func MetricNames() []string {
	var all []string
	for _, m := range Metrics {
		all = append(all, m.Name)
	}
	return all
}

// RatioRow is a ratio of one cell.
type RatioRow struct {
	suite.Ratio
	Cell Cell
	To   string         // value of the axis, or phase, in the denominator
	Of   stats.Interval // over the blocks that have both
}

// Promise says whether the ratio keeps what the suite promises: "yes", "no", or
// "open" if the interval holds the limit or rests on too few blocks. It is
// empty if the suite promises nothing.
func (r RatioRow) Promise() string {
	switch {
	case r.Most == 0:
		return ""
	case r.Of.Enough() && r.Of.Hi <= r.Most:
		return "yes"
	case r.Of.Enough() && r.Of.Lo > r.Most:
		return "no"
	}
	return "open"
}

// Ratios returns the ratios that the suite asks for, for each cell in the order
// of the axes. It leaves out cells that are the denominator themselves and
// cells that share no block of valid trials with it.
func (r *Run) Ratios() []RatioRow {
	var rows []RatioRow
	for _, q := range r.Manifest.Ratios {
		m := MetricOf(q.Metric)
		if m == nil {
			continue // the metric belongs to a later version
		}
		for _, cell := range r.Cells() {
			if q.Axis != suite.PhaseAxis && slices.Contains(q.Values, cell[q.Axis]) {
				continue
			}
			to, other := r.best(q, cell, *m)
			if of := stats.RatioPaired(r.ByBlock(cell, q.Phase, *m), other); of.N > 0 {
				rows = append(rows, RatioRow{q, cell, to, of.Interval})
			}
		}
	}
	return rows
}

// best returns a cell's denominator: of several, that with the best median.
func (r *Run) best(q suite.Ratio, cell Cell, m Metric) (name string, byBlock map[int]float64) {
	var best float64
	for _, value := range q.Values {
		other, phase := maps.Clone(cell), q.Phase
		if q.Axis == suite.PhaseAxis {
			phase = value
		} else {
			other[q.Axis] = value
		}
		found := r.ByBlock(other, phase, m)
		if len(found) == 0 {
			continue
		}
		median := stats.Summarise(slices.Collect(maps.Values(found))).Center
		if byBlock == nil || m.Higher && median > best || !m.Higher && median < best {
			name, byBlock, best = value, found, median
		}
	}
	return name, byBlock
}

// ByBlock returns a metric of the cell's valid trials, by block.
func (r *Run) ByBlock(cell Cell, phase string, m Metric) map[int]float64 {
	values := map[int]float64{}
	for i := range r.Trials {
		t := &r.Trials[i]
		if !maps.Equal(t.Cell, cell) || !t.Counts(phase) {
			continue
		}
		if v, ok := t.value(phase, m); ok {
			values[t.Repetition] = v
		}
	}
	return values
}

// writeRatios writes ratios.csv, one line for each ratio and cell: Hodges and
// Lehmann's estimate over blocks (ratio_estimate) and the ends of its interval
// (ratio_lo, ratio_hi), which are empty if there are fewer than stats.Fewest
// blocks.
func (r *Run) writeRatios(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"ratio", "metric", "phase", "to"}, append(AxisNames(r.Manifest.Axes), "blocks", "ratio_estimate", "ratio_lo", "ratio_hi")...)); err != nil {
		return err
	}
	for _, row := range r.Ratios() {
		line := []string{row.Title, row.Metric, row.Phase, row.To}
		for _, a := range r.Manifest.Axes {
			line = append(line, row.Cell[a.Name])
		}
		line = append(line, strconv.Itoa(row.Of.N))
		line = append(line, cellsOf(row.Of)...)
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteRatios writes the ratios for readers, tab-separated, if there are any.
func (r *Run) WriteRatios(w io.Writer) error {
	title := ""
	for _, row := range r.Ratios() {
		if row.Title != title {
			title = row.Title
			fmt.Fprintf(w, "\n%s\n", title)
		}
		promise := ""
		if row.Most > 0 {
			promise = fmt.Sprintf("at most %.2f: %s\t", row.Most, row.Promise())
		}
		if _, err := fmt.Fprintf(w, "  %s\t/ %s\t%s\t%s\n", Label(r.Manifest.Axes, row.Cell), row.To, row.Of, promise); err != nil {
			return err
		}
	}
	return nil
}

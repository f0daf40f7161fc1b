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

// MetricNames are those of all metrics, in the order of the tables.
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
	To   string // the value of the axis, or the phase, that it is a ratio to
	// Of is the median over blocks of the ratio within each, and its interval: what
	// drifts during a run falls on both alike.
	Of stats.Interval
}

// Promise says whether the ratio is what the suite promises it to be: "yes", "no",
// "open" where the interval has it on both sides or rests on too few blocks;
// empty where nothing is promised.
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

// Ratios are the figures that the suite asks for, of each cell in the order of
// the axes. A cell that stands in the place of what is compared with, or has no
// trial that counts in a block with one of the other's, has none.
func (r *Run) Ratios() []RatioRow {
	var rows []RatioRow
	for _, q := range r.Manifest.Ratios {
		m := MetricOf(q.Metric)
		if m == nil {
			continue // of a later version
		}
		for _, cell := range r.Cells() {
			if q.Axis != suite.PhaseAxis && slices.Contains(q.Values, cell[q.Axis]) {
				continue
			}
			to, other := r.best(q, cell, *m)
			if of := stats.RatioPaired(r.ByBlock(cell, q.Phase, *m), other); of.N > 0 {
				rows = append(rows, RatioRow{q, cell, to, of})
			}
		}
	}
	return rows
}

// best is what a cell is compared with: of several the one with the best median.
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

// ByBlock is a metric of the cell's trials that count, by their block.
func (r *Run) ByBlock(cell Cell, phase string, m Metric) map[int]float64 {
	values := map[int]float64{}
	for i := range r.Trials {
		t := &r.Trials[i]
		if !maps.Equal(t.Cell, cell) || !t.Valid() {
			continue
		}
		if v, ok := t.value(phase, m); ok {
			values[t.Repetition] = v
		}
	}
	return values
}

// writeRatios writes ratios.csv, one line for each ratio and cell.
func (r *Run) writeRatios(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"ratio", "metric", "phase", "to"}, append(AxisNames(r.Manifest.Axes), "blocks", "ratio_median", "ratio_lo", "ratio_hi")...)); err != nil {
		return err
	}
	for _, row := range r.Ratios() {
		line := []string{row.Title, row.Metric, row.Phase, row.To}
		for _, a := range r.Manifest.Axes {
			line = append(line, row.Cell[a.Name])
		}
		line = append(line, strconv.Itoa(row.Of.N))
		for _, v := range []float64{row.Of.Center, row.Of.Lo, row.Of.Hi} {
			line = append(line, strconv.FormatFloat(v, 'g', 6, 64))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteRatios writes them for people, tab-separated; nothing where the suite asks
// for none.
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

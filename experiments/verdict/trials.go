package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// trials holds the trials of a run, by cell.
type trials struct {
	run    *record.Run
	cells  []record.Cell
	byCell map[string][]*record.Trial
}

func newTrials(run *record.Run) *trials {
	t := &trials{run: run, cells: run.Cells(), byCell: map[string][]*record.Trial{}}
	for i := range run.Trials {
		k := key(run.Trials[i].Cell)
		t.byCell[k] = append(t.byCell[k], &run.Trials[i])
	}
	return t
}

func key(c record.Cell) string {
	var b strings.Builder
	for _, axis := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "%s\x00%s\x00", axis, c[axis])
	}
	return b.String()
}

// End is one side of a pair.
type End struct {
	Cell   record.Cell
	Name   string // short: "leader", if the two cells differ only in that
	Metric string
	Phase  string
	Median stats.Interval // over the trials that count
	Valid  int            // trials that count
	Trials int            // all trials

	byBlock map[int]float64
}

// end collects the values of one cell. The metric must be a known one.
func (t *trials) end(cell record.Cell, metric, phase string) End {
	e := End{Cell: cell, Metric: metric, Phase: phase, byBlock: map[int]float64{}}
	m := record.MetricOf(metric)
	for _, tr := range t.byCell[key(cell)] {
		e.Trials++
		if !tr.Counts(phase) {
			continue
		}
		e.Valid++
		for i := range tr.Phases {
			if tr.Phases[i].Name != phase {
				continue
			}
			if x, ok := m.Of(&tr.Phases[i]); ok {
				e.byBlock[tr.Repetition] = x
			}
		}
	}
	e.Median = stats.Summarise(e.values())
	return e
}

// values returns the values in the order of blocks.
func (e *End) values() []float64 {
	var xs []float64
	for _, block := range slices.Sorted(maps.Keys(e.byBlock)) {
		xs = append(xs, e.byBlock[block])
	}
	return xs
}

// lacks says why the end has too few values. It is empty if it has enough.
func (t *trials) lacks(e *End) string {
	name := t.label(e.Cell)
	switch {
	case e.Trials == 0:
		return name + " has no trial"
	case e.Valid == 0:
		return fmt.Sprintf("none of the %s of %s is valid", count(e.Trials, "trial"), name)
	case len(e.byBlock) == 0:
		why := fmt.Sprintf("phase %s of %s has no %s (it was not measured, or is a quantile with fewer than ten values beyond it)", e.Phase, name, e.Metric)
		for _, s := range t.run.Manifest.Skipped {
			if strings.HasPrefix(s, "probe: ") {
				why += " (" + s + ")"
			}
		}
		return why
	case len(e.byBlock) < stats.Fewest:
		return fmt.Sprintf("%d of %s of %s are valid and have it", len(e.byBlock), count(e.Trials, "trial"), name)
	}
	return ""
}

// label formats a cell: the values of the axes that have several values.
func (t *trials) label(cell record.Cell) string {
	var values []string
	for _, a := range t.run.Manifest.Axes {
		if len(a.Values) > 1 {
			values = append(values, named(a.Name, cell[a.Name]))
		}
	}
	if len(values) == 0 {
		return "the only cell"
	}
	return strings.Join(values, "/")
}

// named returns a value that explains itself, "leader", or a value with its
// axis, "threads=8".
func named(axis, value string) string {
	if value == "" || value == "true" || value == "false" || value[0] >= '0' && value[0] <= '9' {
		return axis + "=" + value
	}
	return value
}

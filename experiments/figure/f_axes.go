package figure

import (
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// axis is an axis of the run that takes more than one value, or at least one.
func (v *View) axis(name string) (record.Axis, bool) {
	for _, a := range axesOf(v.run) {
		if a.Name == name {
			return a, true
		}
	}
	return record.Axis{}, false
}

// combinations of the values of all axes but those named that have any trial.
func (v *View) combinations(but ...string) []panel {
	cells := []record.Cell{{}}
	var others []record.Axis
	for _, a := range axesOf(v.run) {
		if slices.Contains(but, a.Name) {
			continue
		}
		if len(a.Values) > 1 {
			others = append(others, a)
		}
		var next []record.Cell
		for _, c := range cells {
			for _, value := range a.Values {
				next = append(next, with(c, a.Name, value))
			}
		}
		cells = next
	}
	var ps []panel
	for _, c := range cells {
		if len(v.where(c)) > 0 {
			ps = append(ps, panel{c, cellTitle(c, others)})
		}
	}
	return ps
}

// with is the cell with one more value.
func with(c record.Cell, axis, value string) record.Cell {
	out := record.Cell{axis: value}
	for k, x := range c {
		if k != axis {
			out[k] = x
		}
	}
	return out
}

// where are the trials of the cells that have these values.
func (v *View) where(c record.Cell) []*record.Trial {
	var ts []*record.Trial
	p := panel{cell: c}
	for i := range v.run.Trials {
		if t := &v.run.Trials[i]; p.has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// sampleOf is what a metric came to in a phase of some trials.
func sampleOf(ts []*record.Trial, phase string, m record.Metric) stats.Sample {
	s := stats.Sample{ByBlock: map[int]float64{}}
	for _, t := range ts {
		r := phaseOf(t, phase)
		if r == nil {
			continue
		}
		x, ok := telling(m, r)
		switch {
		case !ok:
		case t.Valid():
			s.Valid = append(s.Valid, x)
			s.ByBlock[t.Repetition] = x
		default:
			s.Invalid = append(s.Invalid, x)
		}
	}
	return s
}

// numberOf reads the value of an axis: a number, or a duration, in µs.
func numberOf(value string) (float64, bool) { return suite.Axis{}.Number(value) }

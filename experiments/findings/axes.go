package findings

import (
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Axis returns the run's axis of that name, and whether there is one.
func (v *View) Axis(name string) (record.Axis, bool) {
	for _, a := range AxesOf(v.Run) {
		if a.Name == name {
			return a, true
		}
	}
	return record.Axis{}, false
}

// Combinations returns, as panels, the combinations of values that have a
// trial, over all axes but those named. Axes with one value are not in the
// titles.
func (v *View) Combinations(but ...string) []Panel {
	cells := []record.Cell{{}}
	var others []record.Axis
	for _, a := range AxesOf(v.Run) {
		if slices.Contains(but, a.Name) {
			continue
		}
		if len(a.Values) > 1 {
			others = append(others, a)
		}
		var next []record.Cell
		for _, c := range cells {
			for _, value := range a.Values {
				next = append(next, c.With(a.Name, value))
			}
		}
		cells = next
	}
	var ps []Panel
	for _, c := range cells {
		if len(v.Where(c)) > 0 {
			ps = append(ps, Panel{c, cellTitle(c, others)})
		}
	}
	return ps
}

// Where returns the trials whose cell has all values of c.
func (v *View) Where(c record.Cell) []*record.Trial {
	var ts []*record.Trial
	p := Panel{Cell: c}
	for i := range v.Run.Trials {
		if t := &v.Run.Trials[i]; p.has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// SampleOf returns a metric's values in a phase, one for each trial in which
// the metric is informative (see Telling).
func SampleOf(ts []*record.Trial, phase string, m record.Metric) stats.Sample {
	s := stats.Sample{ByBlock: map[int]float64{}}
	for _, t := range ts {
		r := t.Phase(phase)
		if r == nil {
			continue
		}
		x, ok := Telling(m, r)
		switch {
		case !ok:
		case t.Valid(phase) && !t.Counts(phase): // a make-up for other phases
		case t.Valid(phase):
			s.Valid = append(s.Valid, x)
			s.ByBlock[t.Repetition] = x
		default:
			s.Invalid = append(s.Invalid, x)
		}
	}
	return s
}

// NumberOf converts the value of an axis to a number. Durations become µs.
func NumberOf(value string) (float64, bool) { return suite.Axis{}.Number(value) }

package run

import (
	"lflab/experiments/record"
)

// A trial that failed, or did not pass a gate in some phase, is made up for by
// another one of its cell and block at the end of the plan. Only gates and
// failures decide that, never a value. In the phases in which the first one is
// invalid, the make-up counts instead (record.Trial.Counts). A make-up that is
// invalid is made up for, too, while there is room: make-ups are at most a third
// of the other trials.

// makeups returns the make-up trials that come next: those for which there is
// room in the plan and, with a budget, in the time that is left.
func (x *Experiment) makeups(r *record.Run, p *pace, left float64) []record.Planned {
	if x.opts.NoMakeups {
		return nil
	}
	m := &x.Manifest
	next := r.Makeups()
	for m.BudgetS > 0 && len(next) > 0 && p.of(next) > left {
		next = next[:len(next)-1]
	}
	return next
}

// add extends the plan and writes the manifest.
func (w *work) add(more []record.Planned) error {
	m := &w.x.Manifest
	m.Plan = append(m.Plan, more...)
	for _, p := range more {
		if p.Makeup > 0 {
			m.Makeups++
		}
	}
	return record.WriteManifest(w.x.opts.Dir, m)
}

// splitMakeups divides a plan.
func splitMakeups(plan []record.Planned) (planned, makeups []record.Planned) {
	for _, p := range plan {
		if p.Makeup > 0 {
			makeups = append(makeups, p)
		} else {
			planned = append(planned, p)
		}
	}
	return planned, makeups
}

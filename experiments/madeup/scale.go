package madeup

import "lflab/experiments/record"

// Scale applies change to every phase of every trial of one MPM, and returns
// run.
func Scale(run *record.Run, subject string, change func(*record.PhaseResult)) *record.Run {
	for i := range run.Trials {
		if run.Trials[i].Cell["mpm"] == subject {
			for j := range run.Trials[i].Phases {
				change(&run.Trials[i].Phases[j])
			}
		}
	}
	return run
}

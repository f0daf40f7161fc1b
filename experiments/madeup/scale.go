package madeup

import "lflab/experiments/record"

// Scale multiplies a metric of one subject in every trial.
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

package madeup

import "lflab/experiments/record"

// ApacheRun returns ProbedRun with some of our MPMs named as Apache's.
func ApacheRun() *record.Run {
	run := ProbedRun(1)
	names := map[string]string{"kernel": "apache-prefork", "worker": "apache-worker", "event": "apache-event"}
	for i := range run.Manifest.Axes[0].Values {
		if name, ok := names[run.Manifest.Axes[0].Values[i]]; ok {
			run.Manifest.Axes[0].Values[i] = name
		}
	}
	for i := range run.Trials {
		if name, ok := names[run.Trials[i].Cell["mpm"]]; ok {
			run.Trials[i].Cell = record.Cell{"mpm": name, "mode": run.Trials[i].Cell["mode"]}
		}
	}
	return run
}

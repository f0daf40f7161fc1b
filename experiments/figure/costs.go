package figure

import "lflab/experiments/findings"

var (
	_ = enter(10, meanHandoffFigure)
	_ = enter(40, one(func(v *View) Figure {
		return v.dotFigure("cpu", "CPU time per request", findings.MetricOf(findings.KeyCPU), v.Undisturbed(v.PhasesByLoad(), false),
			"User and system time of the server process over the measured time, divided by the requests answered in it.")
	}))
	_ = enter(50, one(func(v *View) Figure {
		return v.dotFigure("switches", "Context switches per request", findings.MetricOf(findings.KeySwitches), v.Undisturbed(v.PhasesByLoad(), false),
			"Voluntary and involuntary switches of all threads of the server process.")
	}))
)

// meanHandoffFigure draws the mean hand-off latency of commands that print a
// mean and no histogram. It returns no figure for runs with histograms of H.
func meanHandoffFigure(v *View) ([]Figure, error) {
	if v.records(v.source("H")) || len(v.Run.Trials) == len(v.Invalid()) {
		return nil, nil
	}
	f := v.dotFigure("handoff-mean", "Mean hand-off latency", findings.MetricOf(findings.KeyHMean), v.Undisturbed(v.PhasesByLoad(), false),
		"From the waker's call to the woken thread's return, one way.")
	if f.Missing != "" {
		return nil, nil
	}
	return []Figure{f}, nil
}

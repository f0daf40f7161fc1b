package figure

import (
	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

var (
	_ = enter(10, meanHandoffFigure)
	_ = enter(40, func(v *View) ([]Figure, error) { return v.cpuFigures(), nil })
	_ = enter(50, one(func(v *View) Figure {
		return v.dotFigure("switches", "Context switches per request", findings.MetricOf(findings.KeySwitches), v.Undisturbed(v.PhasesByLoad(), false),
			"Voluntary and involuntary switches of all threads of the server process.")
	}))
)

// cpuFigures draws CPU time per request under every load, and for many servers
// under many loads another figure with the fullest load alone, which fits a
// text.
func (v *View) cpuFigures() []Figure {
	const title, read = "CPU time per request", "User and system time of the server process over the measured time, divided by the requests answered in it."
	m := findings.MetricOf(findings.KeyCPU)
	phases := v.Undisturbed(v.PhasesByLoad(), false)
	figs := []Figure{v.dotFigure("cpu", title, m, phases, read)}
	if len(v.Subjects) > crowd && len(phases) > 1 && len(v.Panels) <= 2 {
		if f := v.dotFigure("cpu-fullest", title+" at the fullest load", m, v.fullest(phases), read); f.Sheet != nil {
			figs = append(figs, f)
		}
	}
	return figs
}

// fullest returns the phase in which some cell answered the most requests per
// second, none if no cell answered any.
func (v *View) fullest(phases []record.Phase) (one []record.Phase) {
	most := 0.0
	for _, ph := range phases {
		for _, p := range v.Panels {
			for _, s := range v.Subjects {
				if x := stats.Summarise(v.Sample(ph.Name, p, s, findings.MetricOf(findings.KeyRate)).Valid).Center; x > most {
					most, one = x, []record.Phase{ph}
				}
			}
		}
	}
	return one
}

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

package findings

import (
	"slices"
	"strings"

	"lflab/experiments/record"
)

// Unprobed says why a run has no values of the kernel probe, "" if it has some.
func (v *View) Unprobed() string {
	for _, t := range v.Run.Trials {
		if slices.ContainsFunc(t.Phases, func(r record.PhaseResult) bool { return r.Probe != nil }) {
			return ""
		}
	}
	for _, line := range v.Run.Manifest.Skipped {
		if strings.HasPrefix(line, "probe:") {
			return line
		}
	}
	return "no trial was measured with the kernel probe"
}

// ProbeTimes lists the kernel probe's medians of D, H and G, in this order.
var ProbeTimes = MetricsOf(keyProbeD, keyProbeH, keyProbeG)

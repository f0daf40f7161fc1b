package findings

import (
	"slices"
	"strings"

	"lflab/experiments/record"
)

// Unprobed says why a run has nothing of the kernel probe's; "" if it has.
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

// ProbeTimes are the medians of the sums.
var ProbeTimes = MetricsOf(keyProbeD, keyProbeH, keyProbeG)

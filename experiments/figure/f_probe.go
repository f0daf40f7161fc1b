package figure

import (
	"slices"
	"strings"

	"lflab/experiments/record"
)

// unprobed says why a run has nothing of the kernel probe's; "" if it has.
func (v *View) unprobed() string {
	for _, t := range v.run.Trials {
		if slices.ContainsFunc(t.Phases, func(r record.PhaseResult) bool { return r.Probe != nil }) {
			return ""
		}
	}
	for _, line := range v.run.Manifest.Skipped {
		if strings.HasPrefix(line, "probe:") {
			return line
		}
	}
	return "no trial was measured with the kernel probe"
}

// probeTimes are the medians of the sums.
var probeTimes = metricsOf(keyProbeD, keyProbeH, keyProbeG)

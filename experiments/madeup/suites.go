package madeup

import (
	"math/rand/v2"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// SuiteRun returns a made-up run of an embedded suite. The flight recorder and
// the probe have values only in phases for which the suite switches them on.
func SuiteRun(s *suite.Suite) *record.Run {
	run := madeUp(9, s.Name, 2, s.Axes, s.Phases, func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
		ph := s.Phases[slices.IndexFunc(s.Phases, func(p suite.Phase) bool { return p.Name == r.Name })]
		r.RequestsPerSecond, r.CPUPerRequest, r.VoluntaryPerRequest = about(rng, 1000), about(rng, 20), about(rng, 2)
		r.Latency = stats.Dist{P50: about(rng, 1e5), P99: about(rng, 1e6)}
		r.Counts = map[string]uint64{"listen_drops": 5}
		r.ServedBy = []uint64{900, 80, 20}
		if ph.Arrivals != "" {
			if r.OfferedRate = numbered(c, "rate"); r.OfferedRate == 0 {
				r.OfferedRate = 1000
			}
		}
		seen := sights["leader"]
		if known, ok := sights[c["mpm"]]; ok {
			seen = known
		}
		tags := map[string]**stats.Dist{"H": &r.H, "D": &r.D, "G": &r.G}
		for tag, to := range tags {
			if ph.Flight {
				*to = &stats.Dist{Count: 2000, P50: about(rng, 2e4), P99: about(rng, 5e4), Mean: about(rng, 2e4)}
				r.Histograms[tag] = lognormal(rng, 2e4, 0.4, 50)
			}
		}
		if ph.Probe != "" {
			r.Probe = report(rng, seen)
			for _, tag := range []string{"H", "D", "G"} {
				if r.Probe.ByPlacement[tag] != nil {
					r.Histograms[record.ProbePrefix+tag] = lognormal(rng, 2e4, 0.4, 50)
				}
			}
			if ph.Arrivals == "paired" {
				r.SecondD = &stats.Dist{Count: 2000, Mean: about(rng, 3e4), P50: about(rng, 3e4)}
			}
		}
	})
	run.Manifest.Claim, run.Manifest.Rules = s.Claim, s.Rules
	return run
}

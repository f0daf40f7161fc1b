package run

import (
	"fmt"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// askRatios takes over the suite's ratios for the phases that this run has.
func (x *Experiment) askRatios() error {
	known := map[string]bool{}
	for _, p := range x.Manifest.Phases {
		known[p.Name] = true
	}
	for _, q := range x.suite.Ratios {
		if record.MetricOf(q.Metric) == nil {
			return fmt.Errorf("suite %s: a ratio is asked of %q, which is no metric (known: %s)", x.suite.Name, q.Metric, strings.Join(record.MetricNames(), ", "))
		}
		if known[q.Phase] && (q.Axis != suite.PhaseAxis || known[q.Values[0]]) {
			x.Manifest.Ratios = append(x.Manifest.Ratios, q)
		}
	}
	return x.askRules()
}

// askRules takes over the suite's claim and all its rules, because the claim
// cannot be decided without one of them.
func (x *Experiment) askRules() error {
	m := &x.Manifest
	m.Claim = x.suite.Claim
	for _, q := range x.suite.Rules {
		for _, name := range []string{q.Metric, q.ToMetric, q.Unit} {
			if name != "" && record.MetricOf(name) == nil {
				return fmt.Errorf("suite %s: a rule is about %q, which is no metric (known: %s)", m.Suite, name, strings.Join(record.MetricNames(), ", "))
			}
		}
		m.Rules = append(m.Rules, q)
	}
	return nil
}

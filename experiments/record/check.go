package record

import (
	"errors"
	"fmt"
	"slices"

	"lflab/experiments/stats"
)

// check rejects a record that no run of the manifest's suite can have written.
func (t *Trial) check(id string, m *Manifest) error {
	switch {
	case id != t.ID:
		return fmt.Errorf("it holds trial %q, which has another name", id)
	case id != MakeupID(t.Cell, t.Repetition, t.Makeup):
		return fmt.Errorf("it holds cell %v and repetition %d, which have another name", t.Cell, t.Repetition)
	case t.Suite != m.Suite:
		return fmt.Errorf("it is a trial of suite %q, not of %q", t.Suite, m.Suite)
	case t.DurationS < 0:
		return fmt.Errorf("duration_s is %v", t.DurationS)
	case !t.Failed && len(t.Phases) == 0:
		return errors.New("it has neither failed nor measured anything: fields are missing")
	case !t.Failed && len(t.Gates) == 0:
		return errors.New("it was not judged: it has no gates")
	}
	for i := range t.Phases {
		p := &t.Phases[i]
		if !slices.ContainsFunc(m.Phases, func(q Phase) bool { return q.Name == p.Name }) {
			return fmt.Errorf("its phase %q is none of the suite's", p.Name)
		}
		if slices.ContainsFunc(t.Phases[:i], func(q PhaseResult) bool { return q.Name == p.Name }) {
			return fmt.Errorf("its phase %q is there twice", p.Name)
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("phase %s: %w", p.Name, err)
		}
	}
	return nil
}

func (p *PhaseResult) check() error {
	for _, n := range []struct {
		name  string
		value float64
	}{
		{"duration_s", p.DurationS}, {"requests_per_second", p.RequestsPerSecond}, {"offered_rate", p.OfferedRate},
		{"cpu_us_per_request", p.CPUPerRequest}, {"switches_voluntary_per_request", p.VoluntaryPerRequest},
		{"switches_involuntary_per_request", p.InvoluntaryPerRequest}, {"utilisation", p.Utilisation},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s is %v", n.name, n.value)
		}
	}
	for name, d := range map[string]*stats.Dist{"latency_ns": &p.Latency, "service_time_ns": &p.Service, "send_lag_ns": &p.SendLag, "H_ns": p.H, "G_ns": p.G, "D_ns": p.D} {
		if d == nil {
			continue
		}
		if d.Count < 0 || d.Mean < 0 || d.P50 < 0 || d.P99 < 0 || d.Max < 0 {
			return fmt.Errorf("%s has a negative number: %+v", name, *d)
		}
		if d.Count > 0 && d.Max > 0 && (d.P50 > d.Max || d.Mean > d.Max) {
			return fmt.Errorf("%s has a median of %v or a mean of %v above its maximum, %v", name, d.P50, d.Mean, d.Max)
		}
	}
	return nil
}

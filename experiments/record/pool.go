package record

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/suite"
)

// poolStride separates the block numbers of pooled runs. No run has so many
// blocks.
const poolStride = 1 << 20

// Pool returns the trials of several runs of one suite as one run, in which
// each run's blocks stay blocks of their own. Rules, claim and title are those
// of the run that started last. A machine has as many CPUs as the smallest had.
// Runs of other suites, or with other loads, are an error that names what
// differs. The runs are not changed; trials share their phases with them.
func Pool(runs []*Run) (*Run, error) {
	if len(runs) == 0 {
		return nil, fmt.Errorf("pool runs: there are none")
	}
	last := slices.MaxFunc(runs, func(a, b *Run) int { return a.Manifest.Started.Compare(b.Manifest.Started) })
	pooled := &Run{Manifest: last.Manifest}
	m := &pooled.Manifest
	m.Axes, m.Plan, m.Skipped = nil, nil, slices.Clone(last.Manifest.Skipped)
	for i, r := range runs {
		if a, b := suite.FullName(last.Manifest.Suite), suite.FullName(r.Manifest.Suite); a != b {
			return nil, fmt.Errorf("pool runs: %s is a run of %s, %s one of %s (runs of one suite can be pooled)", last.Dir, a, r.Dir, b)
		}
		if differences := Unlike(last, r); len(differences) > 0 {
			return nil, fmt.Errorf("pool runs: the loads of %s (first) and %s (second) are not the same:\n  %s", last.Dir, r.Dir, strings.Join(differences, "\n  "))
		}
		m.Before.CPUs = min(m.Before.CPUs, r.Manifest.Before.CPUs)
		m.Axes = joinAxes(m.Axes, r.Manifest.Axes)
		m.Skipped = slices.DeleteFunc(m.Skipped, func(s string) bool { return !slices.Contains(r.Manifest.Skipped, s) })
		for _, p := range r.Manifest.Plan {
			p.Repetition += i * poolStride
			m.Plan = append(m.Plan, p)
		}
		for _, t := range r.Trials {
			t.Repetition += i * poolStride
			pooled.Trials = append(pooled.Trials, t)
		}
		pooled.Damaged = append(pooled.Damaged, r.Damaged...)
	}
	return pooled, nil
}

// joinAxes adds the axes and values of b that a lacks.
func joinAxes(a, b []Axis) []Axis {
	for _, x := range b {
		i := slices.IndexFunc(a, func(y Axis) bool { return y.Name == x.Name })
		if i < 0 {
			a = append(a, Axis{Name: x.Name, Values: slices.Clone(x.Values)})
			continue
		}
		for _, v := range x.Values {
			if !slices.Contains(a[i].Values, v) {
				a[i].Values = append(a[i].Values, v)
			}
		}
	}
	return a
}

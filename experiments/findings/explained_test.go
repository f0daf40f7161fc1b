package findings

import (
	"testing"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// The sentence names the stages that differ most, the largest difference first,
// including a stage that only one of the two passes.
func TestStages(t *testing.T) {
	trial := func(mpm string, block int, total float64, parts map[string]float64) record.Trial {
		r := &stage.Report{D: &stats.Dist{Count: 1, Mean: total}, Stages: map[string]stage.Times{"wake-waking": {PartOfMean: 9e9}}}
		for name, ns := range parts {
			r.Stages["D."+name] = stage.Times{PartOfMean: ns}
		}
		return record.Trial{Cell: record.Cell{"mpm": mpm}, Repetition: block, Phases: []record.PhaseResult{{Name: "probed", Probe: r}}}
	}
	run := &record.Run{Manifest: record.Manifest{Axes: []record.Axis{{Name: "mpm", Values: []string{"leader", "worker"}}}}}
	for block := range 6 {
		x := float64(block%3) * 100 // the median is 100
		run.Trials = append(run.Trials,
			trial("leader", block, 30_000+x, map[string]float64{"ready-arm": 20_000, "ready-waking": 300, "return-read": 9700}),
			trial("worker", block, 26_000+x, map[string]float64{"pass-wakeup-switch": 15_000, "ready-waking": 500, "return-read": 10_500}))
	}
	got := Paragraph{Findings: stagesApart(run, "probed")}.Text()
	want := "In phase probed leader's mean dispatch latency is 30.1 µs and worker's 26.1 µs by the probe (medians over 6 and 6 processes); " +
		"the difference lies most of all in these stages: +20.0 µs in ready-arm, -15.0 µs in pass-wakeup-switch, -0.8 µs in return-read."
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := stagesApart(run, "open"); len(got) != 0 {
		t.Errorf("a phase without a probe: %q", got)
	}
	run.Trials[0].Failed = true
	if got := stagesApart(run, "probed"); len(got) != 0 {
		t.Errorf("five of leader's trials count: %q", got)
	}
}

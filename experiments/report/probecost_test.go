package report

import (
	"math"
	"strings"
	"testing"

	"lflab/experiments/figure"
	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func TestOnOffsDifferInTheProbeAlone(t *testing.T) {
	names := func(run *record.Run) string {
		var parts []string
		for _, x := range newView(run).OnOffs() {
			parts = append(parts, x.On.Name+"-"+x.Off.Name+x.Axis)
		}
		return strings.Join(parts, " ")
	}
	if got := names(madeup.ProbedRun(1)); got != "open_probe-open closed_probe-closed" {
		t.Errorf("pairs %q", got)
	}
	if got := names(madeup.QuickRun(1)); got != "" {
		t.Errorf("pairs without a probe: %q", got)
	}
	run := madeup.ProbedRun(1)
	run.Manifest.Phases[3].Connections = 64
	if got := names(run); got != "open_probe-open" {
		t.Errorf("pairs of unequal loads: %q", got)
	}
	run = madeup.ProbedRun(1)
	run.Manifest.Phases[1].Flight = false // the pair now differs in the recorder too, and its title says so
	if got := names(run); got != "open_probe-open closed_probe-closed" {
		t.Errorf("pairs %q", got)
	}
	if got := figure.New(run).CostBeside(); !strings.Contains(got, "with the flight recorder's cost") {
		t.Errorf("the recorder's part is unsaid: %s", got)
	}
	handoff := madeup.HandoffRun(4) // its axis place becomes an axis probe
	handoff.Manifest.Axes[1] = record.Axis{Name: "probe", Values: []string{"off", "records"}}
	for i := range handoff.Trials {
		tr := &handoff.Trials[i]
		tr.Cell = record.Cell{"primitive": tr.Cell["primitive"], "probe": map[string]string{"same": "off", "cross": "records"}[tr.Cell["place"]]}
	}
	if got := names(handoff); got != "handoff-handoffrecords" {
		t.Errorf("pairs of cells: %q", got)
	}
	check := func(v *view, at int) {
		t.Helper()
		if got := v.Changes(v.OnOffs()[0], findings.MetricOf(findings.KeyHMean))[at].Ratio().Center; math.Abs(got-9) > 1.5 {
			t.Errorf("c-futex with and without the probe: ratio %.2f, the fixture has about 9", got)
		}
		if table := v.costTable(v.OnOffs()[0]); heads(table) != "H mean H mean" {
			t.Errorf("columns of commands: %s", heads(table))
		}
	}
	check(newView(handoff), 0)
	handoff.Manifest.Axes[0].Name = "place" // now the probe is the only axis to compare
	for i := range handoff.Trials {
		tr := &handoff.Trials[i]
		tr.Cell = record.Cell{"place": tr.Cell["primitive"], "probe": tr.Cell["probe"]}
	}
	v := newView(handoff)
	if v.Group != "probe" || len(v.Panels) != 7 {
		t.Errorf("compared by %s in %d panels", v.Group, len(v.Panels))
	}
	check(v, 0)
}

func TestCostComparesWithinProcesses(t *testing.T) {
	v := newView(madeup.ProbedRun(1))
	s := v.costSection()
	if len(s.Tables) != 2 {
		t.Fatalf("%d tables, want one for each pair", len(s.Tables))
	}
	for _, change := range v.Changes(v.OnOffs()[1], findings.MetricOf(findings.KeyRate)) {
		if r := change.Ratio(); r.Center < 0.93 || r.Center > 0.97 {
			t.Errorf("throughput on to off %v, the fixture has about 0.95", r)
		}
	}
	open, closed := s.Tables[0], s.Tables[1]
	if got := heads(open); got != "throughput CPU per request latency p50 D p50, recorder's D p50, recorder's" {
		t.Errorf("columns of the open loop: %s", got)
	}
	if got := heads(closed); got != "throughput CPU per request latency p50" {
		t.Errorf("columns of the closed loop: %s", got)
	}
}

func heads(t table) string {
	var parts []string
	for _, c := range t.Columns {
		parts = append(parts, c.Head)
	}
	return strings.Join(parts, " ")
}

func TestReportTellsWhatTheKernelSaw(t *testing.T) {
	files := filesIn(t, write(t, madeup.ProbedRun(1)))
	text, _, _ := strings.Cut(string(files["report.html"]), "<script>")
	for _, part := range []string{
		`<div id="probe"`, `href="#probe"`, "What the kernel saw", "What the probe costs", "Where a request",
		"hand-off: waking-wakeup", "what happens in D.return-promote", "records lost", "runs missed", "states dropped", "of one CPU",
		"wakes wasted", "migrations", "Kernel probe", "Closed_probe against closed",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("report does not say %q", part)
		}
	}
	for _, name := range []string{"stages", "stages-handoff", "stages-gap"} {
		if len(files["figures/"+name+".pdf"]) == 0 {
			t.Errorf("no figure %s", name)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Error("report shows NaN")
	}
}

// If the probe was not allowed, the report says so in one line and does not
// mention the probe elsewhere.
func TestReportWithoutTheProbeSaysWhyOnce(t *testing.T) {
	run := madeup.QuickRun(1)
	run.Manifest.Skipped = append(run.Manifest.Skipped, "probe: it needs CAP_BPF and CAP_PERFMON")
	text := string(filesIn(t, write(t, run))["report.html"])
	if n := strings.Count(text, "CAP_PERFMON"); n != 1 {
		t.Errorf("the reason stands %d times in the report, want once", n)
	}
	for _, part := range []string{`id="probe"`, `href="#probe"`, "Where a request", "Kernel probe"} {
		if strings.Contains(text, part) {
			t.Errorf("report has %q", part)
		}
	}
}

func TestCompareTakesTheProbesNumbersToo(t *testing.T) {
	b := madeup.Scale(madeup.ProbedRun(2), "worker", func(r *record.PhaseResult) {
		if r.Probe != nil {
			r.Probe.D.P50 *= 1.5
		}
	})
	text := strings.Join(compared(t, madeup.ProbedRun(1), b), "\n")
	higher := 0
	for _, l := range strings.Split(text, "\n") {
		if strings.Contains(l, "D in the kernel p50") && strings.HasSuffix(l, "higher") {
			higher++
		}
	}
	if higher != 4 { // two modes, two phases
		t.Errorf("%d rows are higher, want 4:\n%s", higher, text)
	}
	if strings.Contains(strings.Join(compared(t, madeup.QuickRun(1), madeup.ProbedRun(1)), "\n"), "in the kernel") {
		t.Error("what one run alone has is compared")
	}
}

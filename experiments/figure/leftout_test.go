package figure

import (
	"bytes"
	"slices"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

// A cell that a suite leaves out has no bar, and no figure has coordinates that
// are no numbers for want of it.
func TestACellThatIsLeftOutHasNoBar(t *testing.T) {
	run := madeup.ProbedRun(1)
	left := func(c record.Cell) bool { return c["mpm"] == "kernel" && c["mode"] == "keepalive" }
	before := len(run.Trials)
	run.Trials = slices.DeleteFunc(run.Trials, func(tr record.Trial) bool { return left(tr.Cell) })
	run.Manifest.Plan = slices.DeleteFunc(run.Manifest.Plan, func(p record.Planned) bool { return left(p.Cell) })
	if len(run.Trials) == before {
		t.Fatal("the run has no such cell")
	}
	svg, err := Draw(run, "where-time-goes", "svg")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(svg, []byte("NaN")) {
		t.Error("where-time-goes has coordinates that are no numbers")
	}
}

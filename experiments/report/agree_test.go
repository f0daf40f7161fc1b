package report

import (
	"strings"
	"testing"

	"lflab/experiments/machine"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// ruled gives a made-up run a rule about CPU time.
func ruledCPU(r *record.Run, below float64) *record.Run {
	r.Manifest.Claim = suite.Claim{Text: "Leader takes less.", RefutedIf: "it does not"}
	r.Manifest.Rules = []suite.Rule{{Title: "CPU, leader / worker", Kind: suite.RuleRatio, Metric: "cpu_us_per_request", Phase: "open", Below: below,
		Of: suite.Match{"mpm": {"leader"}}, To: suite.Match{"mpm": {"worker"}}, Where: suite.Match{"mode": {"close"}}}}
	return r
}

// TestAgreeOnASlowerMachine: everything takes twice the time, and rules and
// ratios agree all the same. If only one subject is slower they do not.
func TestAgreeOnASlowerMachine(t *testing.T) {
	text := func(a, b *record.Run) string {
		var out strings.Builder
		if err := Agree(a, b).Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	double := func(r *record.PhaseResult) { r.CPUPerRequest *= 2 }
	a, slower := ruledCPU(madeup.QuickRun(1), 1), ruledCPU(madeup.QuickRun(2), 1)
	for _, mpm := range []string{"leader", "worker", "event", "kernel", "goroutine"} {
		slower = madeup.Scale(slower, mpm, double)
	}
	if got := text(a, slower); !strings.Contains(got, "1 of 1 rule agrees, 1 of 1 ratio overlaps\nthe verdicts agree: confirmed\n") {
		t.Errorf("everything is slower:\n%s", got)
	}
	if got := text(a, madeup.Scale(ruledCPU(madeup.QuickRun(2), 1), "leader", double)); !strings.Contains(got, "0 of 1 rule agrees, 0 of 1 ratio overlaps\nthe verdicts differ: confirmed, then contradicted\n") {
		t.Errorf("leader is slower:\n%s", got)
	}
	// Both are judged by the second's rules.
	if got := text(ruledCPU(madeup.QuickRun(1), 0.1), ruledCPU(madeup.QuickRun(2), 1)); !strings.Contains(got, "1 of 1 rule agrees") {
		t.Errorf("another rule then:\n%s", got)
	}
	if got := text(madeup.QuickRun(1), madeup.QuickRun(2)); !strings.Contains(got, "the runs share no rule and no ratio") {
		t.Errorf("no rules:\n%s", got)
	}
}

func TestSpeed(t *testing.T) {
	a, b := &record.Run{}, &record.Run{}
	if got := Speed(a, b); !strings.Contains(got, "cannot be told") {
		t.Errorf("%s", got)
	}
	a.Manifest.Calibration = &machine.Calibration{SyscallNs: 100, SameNs: 2000, CopyGBPerS: 20}
	b.Manifest.Calibration = &machine.Calibration{SyscallNs: 180, SameNs: 3000, CopyGBPerS: 10, CrossNs: 5000}
	if got, want := Speed(a, b), "time on the second machine, times that on the first: an empty system call 1.80, a hand-off on one CPU 1.50 and copying memory 2.00"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

package findings

import (
	"slices"
	"strings"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func TestAnswerNamesWinnersAndEvidence(t *testing.T) {
	got := Answer(madeup.QuickRun(1))
	for _, part := range []string{
		"With deferred accept and closing connections at 3,000 connections/s, leader used ",
		" µs CPU per connection against worker's ", "less (ratio 0.8", "fewer (ratio 0.5", "wake-one queue (kernel)",
		"With closing connections, leader used 11 % less CPU time", "With keep-alive connections, leader showed no difference from worker",
		"In a closed loop of 32 connections, leader answered 39,",
		"Left out: 2 of 100 trials", "event, closing connections, repetition 4",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("answer does not say %q:\n%s", part, got)
		}
	}
	if got != Answer(madeup.QuickRun(1)) {
		t.Error("equal data gave another answer")
	}
}

func TestAnswerSpeaksPlainlyAgainstThePattern(t *testing.T) {
	run := madeup.Scale(madeup.QuickRun(1), "leader", func(r *record.PhaseResult) { r.CPUPerRequest *= 1.5; r.RequestsPerSecond *= 0.7 })
	got := Answer(run)
	for _, part := range []string{"% more CPU time", "more, against what the pattern claims", "fewer, against what the pattern claims",
		"over it, handing leadership on saved no CPU time"} {
		if !strings.Contains(got, part) {
			t.Errorf("answer does not say %q:\n%s", part, got)
		}
	}
}

func TestAnswerFindsNoDifferenceBetweenEquals(t *testing.T) {
	run := madeup.QuickRun(1)
	of := map[string]record.Trial{}
	for _, tr := range run.Trials {
		of[tr.Cell["mpm"]+tr.Cell["mode"]+string(rune('0'+tr.Repetition))] = tr
	}
	for i := range run.Trials { // give worker the values of leader
		if tr := &run.Trials[i]; tr.Cell["mpm"] == "worker" {
			tr.Phases = of["leader"+tr.Cell["mode"]+string(rune('0'+tr.Repetition))].Phases
		}
	}
	got := Answer(run)
	if strings.Count(got, "no difference could be shown (ratio 1.00") != 6 {
		t.Errorf("leader against its own values in three metrics and two modes:\n%s", got)
	}
	if !strings.Contains(got, "leader showed no difference from worker in CPU time, context switches and requests/s") {
		t.Errorf("the answer in short does not say so:\n%s", got)
	}
}

// first returns the run with so many of its blocks.
func first(run *record.Run, blocks int) *record.Run {
	run.Trials = slices.DeleteFunc(run.Trials, func(tr record.Trial) bool { return tr.Repetition >= blocks })
	return run
}

func TestAnswerIsHonestAboutFewProcesses(t *testing.T) {
	got := Answer(first(madeup.QuickRun(1), 3))
	if !strings.Contains(got, "too few trials to tell, 3 and 3.") || strings.Contains(got, "p =") {
		t.Errorf("three processes each:\n%s", got)
	}
	if !strings.Contains(got, "Only 30 of 100 planned trials were run.") {
		t.Errorf("most of the plan is missing, unsaid:\n%s", got)
	}
	// Six blocks give intervals, but four comparisons of six blocks show nothing.
	if got := Answer(first(madeup.QuickRun(1), 6)); !strings.Contains(got, "too few trials for so many comparisons, 6 and 6 (ratio 0.") || strings.Contains(got, "p =") {
		t.Errorf("six processes each:\n%s", got)
	}
	run := madeup.QuickRun(1)
	for i := range run.Trials { // leader loses the first four blocks, worker the last four
		if tr := &run.Trials[i]; tr.Cell["mpm"] == "leader" && tr.Repetition < 4 || tr.Cell["mpm"] == "worker" && tr.Repetition > 5 {
			tr.Failed = true
		}
	}
	if got := Answer(run); !strings.Contains(got, "too few blocks with both to tell, 2.") || strings.Contains(got, " than worker") {
		t.Errorf("two blocks with both:\n%s", got)
	}
}

// Fewer than six trials of one subject that count lead to no sentence that
// compares it with another, from whatever part of the answer.
func TestNoSentenceOnFewTrials(t *testing.T) {
	comparing := []string{"p =", "p <", "lowest", "highest", "order", "less", "fewer", "more", "no difference", "as the pattern claims", "against what", "lies most of all"}
	for name, run := range map[string]*record.Run{
		"quick": madeup.QuickRun(1), "probed": madeup.ProbedRun(1), "apache": madeup.ApacheRun(), "handoff": madeup.HandoffRun(6), "rates": madeup.RateRun(), "step": madeup.StepRun(1),
	} {
		run.Manifest.Ratios, run.Manifest.Plan = nil, nil
		run = first(run, 5)
		got := Answer(run)
		for _, f := range Explained(run) {
			got += "\n" + f.Sentence()
		}
		for _, word := range comparing {
			if strings.Contains(got, word) {
				t.Errorf("%s: five blocks, and the answer says %q:\n%s", name, word, got)
			}
		}
		if !strings.Contains(strings.ToLower(got), "too few ") {
			t.Errorf("%s: the answer does not say that trials are too few:\n%s", name, got)
		}
	}
}

func TestAnswerOfASuiteWithoutThePattern(t *testing.T) {
	got := Answer(madeup.HandoffRun(10))
	for _, part := range []string{"With place = same, channel had the lowest hand-off latency H mean, 0.9",
		"With place = cross, spinfutex had the lowest", "In the order of medians: spinfutex, "} {
		if !strings.Contains(got, part) {
			t.Errorf("answer does not say %q:\n%s", part, got)
		}
	}
	run := madeup.HandoffRun(10) // five trials of channel and of pipe count
	run.Trials = slices.DeleteFunc(run.Trials, func(tr record.Trial) bool {
		return tr.Repetition >= 5 && (tr.Cell["primitive"] == "channel" || tr.Cell["primitive"] == "pipe")
	})
	got = Answer(run)
	for _, part := range []string{"With place = same, c-futex had the lowest", "Too few trials count of pipe and channel."} {
		if !strings.Contains(got, part) {
			t.Errorf("answer does not say %q:\n%s", part, got)
		}
	}
}

func TestFlagValue(t *testing.T) {
	for _, c := range []struct{ argv, want string }{
		{"serve --defer-accept=true", "true"}, {"serve --defer-accept false --x", "false"},
		{"serve --defer-accept --x", "true"}, {"serve --x", ""},
	} {
		if got := flagValue(strings.Fields(c.argv), "defer-accept"); got != c.want {
			t.Errorf("%s: %q, want %q", c.argv, got, c.want)
		}
	}
}

package findings

import (
	"strings"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func TestAnswerNamesWinnersAndEvidence(t *testing.T) {
	got := Answer(madeup.QuickRun(1))
	for _, part := range []string{
		"With deferred accept and closing connections at 3,000 connections/s, leader used ",
		" µs CPU per connection against worker's ", "less (ratio 0.9", "fewer (ratio 0.5", "wake-one queue (kernel)",
		"With closing connections, leader used 10 % less CPU time", "With keep-alive connections, leader showed no difference from worker",
		"In a closed loop of 32 connections, leader answered 39,",
		"Left out: 2 of 60 trials", "event, closing connections, repetition 4",
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

func TestAnswerIsHonestAboutFewProcesses(t *testing.T) {
	run := madeup.QuickRun(1)
	var few []record.Trial
	for _, tr := range run.Trials {
		if tr.Repetition < 3 {
			few = append(few, tr)
		}
	}
	run.Trials = few
	got := Answer(run)
	if !strings.Contains(got, "too few processes to tell, 3 and 3") || strings.Contains(got, "p =") {
		t.Errorf("three processes each:\n%s", got)
	}
	if !strings.Contains(got, "Only 30 of 60 planned trials were run.") {
		t.Errorf("half of the plan is missing, unsaid:\n%s", got)
	}
}

func TestAnswerOfASuiteWithoutThePattern(t *testing.T) {
	got := Answer(madeup.HandoffRun())
	for _, part := range []string{"With place = same, channel had the lowest hand-off latency H mean, 0.9",
		"With place = cross, spinfutex had the lowest", "In the order of medians: spinfutex, "} {
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

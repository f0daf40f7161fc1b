package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/run"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/terminal"
	"lflab/experiments/words"
)

func TestRunRefusesFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--scale 0", "--scale 0: not in 0.01 to 100"},
		{"--repeat 0", "--repeat 0: not in 1 to 1000"},
		{"--force", "--force goes with --resume only"},
		{"--resume x --seed 3", "--seed cannot go with --resume"},
		{"--resume x --out y", "--out cannot go with --resume"},
		{"--resume x quick", "suite quick cannot go with --resume"},
		{"quikc", `unknown suite "quikc" (known: accept-mutex, apache, big, blocking, crowd, floor, h1-handoff-cost, h2-dispatch-rate, `},
		{"--budget 0s", "--budget 0s: not above 0"},
		{"--resume x --budget 1m", "--budget cannot go with --resume"},
		{"quick --budget 1s", "a budget of 1s is too short: one trial of each cell takes about "},
		{"quick floor quikc", `unknown suite "quikc"`},
	} {
		cmd := newRunCommand(io.Discard, io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs(strings.Fields(c.args))
		err := cmd.Execute()
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a usage error with %q", c.args, err, c.want)
		}
	}
}

func TestDryRunPrintsThePlan(t *testing.T) {
	var out bytes.Buffer
	cmd := newRunCommand(&out, io.Discard)
	cmd.SetArgs(strings.Fields("quick --dry-run --seed 1 --repeat 2 --only mpm=leader,mode=close"))
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	// Without the privilege for the kernel probe a line before the table says
	// so, and the run takes less time.
	got := out.String()
	table := strings.Index(got, "order  block  id            cell\n1      1      ")
	if !regexp.MustCompile(`^suite quick, seed 1: 2 trials in 2 blocks, about \d+s\n`).MatchString(got) || table < 0 || strings.Count(got[table:], "leader/close\n") != 2 {
		t.Errorf("plan is\n%s", got)
	}
}

// A dry run of all prints every suite of the list with its time, and a total.
func TestDryRunOfAll(t *testing.T) {
	t.Parallel() // it takes seconds, because each suite examines the machine
	var out bytes.Buffer
	cmd := newRunCommand(&out, io.Discard)
	cmd.SetArgs(strings.Fields("all --dry-run"))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute() // names the suites of which nothing can run here
	failed := 0
	if err != nil {
		failed = strings.Count(err.Error(), "nothing is left to measure")
	}
	if got := strings.Count(out.String(), "suite "); got+failed != len(suite.Names()) {
		t.Errorf("%d suites are shown and %d left out, of %d: %v", got, failed, len(suite.Names()), err)
	}
	if want := fmt.Sprintf("\n%d suites, about ", len(suite.Names())-failed); !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

func TestRunProgressLines(t *testing.T) {
	cell := record.Cell{"mpm": "leader", "mode": "close"}
	gates := []record.Gate{{Name: "other_load"}, {Name: "errors", OK: true}, {Name: "other_load"}}
	closed := []record.PhaseResult{{Requests: 5, RequestsPerSecond: 41200.4}}
	for _, c := range []struct {
		p    run.Progress
		want string
	}{
		{run.Progress{Total: 60, Left: 84 * time.Second}, "0 of 60 trials done, 84 s left"},
		{run.Progress{Done: 12, Total: 60, Left: 30 * time.Second, Trial: &record.Trial{Cell: cell, Phases: closed}}, "trial 12/60, 30 s left, leader/close 41,200 req/s"},
		{run.Progress{Done: 1, Total: 2, Left: 20 * time.Minute, Trial: &record.Trial{Cell: cell, Phases: closed, Gates: gates}},
			"trial 1/2, 20 min left, leader/close left out; gates: 1 other_load"},
		{run.Progress{Done: 12, Total: 60, Left: 30 * time.Second, Budget: 6 * time.Minute, Trial: &record.Trial{Cell: cell, Phases: closed}},
			"trial 12/60, 30 s left, 6 min of the budget, leader/close 41,200 req/s"},
		{run.Progress{Done: 1, Total: 2, Trial: &record.Trial{Cell: cell, Failed: true, Failure: "it\ndied"}}, "trial 1/2, 0 s left, leader/close failed: it died; gates: 1 failed"},
		{run.Progress{Done: 1, Total: 2, Trial: &record.Trial{Cell: cell, Phases: []record.PhaseResult{{H: &stats.Dist{Mean: 1750}}}}}, "trial 1/2, 0 s left, leader/close 1,750 ns"},
	} {
		var out bytes.Buffer
		p := newRunProgress(&out)
		p.label = func(c record.Cell) string { return c["mpm"] + "/" + c["mode"] }
		p.show(c.p)
		p.end()
		if got := out.String(); got != c.want+"\n" {
			t.Errorf("line is %q, want %q", got, c.want)
		}
	}
}

// Elsewhere than on a terminal a line is written every ten seconds, and at once
// when a run begins to wait for other programs. No failure is lost between two
// lines.
func TestRunProgressIsALineEveryTenSeconds(t *testing.T) {
	var out bytes.Buffer
	p := newRunProgress(&out)
	now := time.Now()
	p.now = func() time.Time { return now }
	failed := &record.Trial{Gates: []record.Gate{{Name: "steady"}}}
	for i := range 25 { // a trial a second
		p.show(run.Progress{Done: i, Total: 25, Trial: failed})
		now = now.Add(time.Second)
	}
	p.show(run.Progress{Busy: 0.5})
	p.show(run.Progress{Busy: 0.6})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[2], "gates: 21 steady") || !strings.HasPrefix(lines[3], "other programs use 50 %") {
		t.Errorf("lines are\n%s", out.String())
	}
}

// On a terminal one line is rewritten, never longer than the terminal, and
// removed at the end.
func TestRunProgressRewritesALine(t *testing.T) {
	var out bytes.Buffer
	p := newRunProgress(&out)
	p.screen = screen{Writer: &out, terminal: true, width: 40}
	p.label = func(record.Cell) string { return strings.Repeat("long", 20) }
	for i := range 3 {
		p.show(run.Progress{Done: i + 1, Total: 25, Trial: &record.Trial{}})
	}
	p.end()
	p.end()
	got := out.String()
	looks := strings.Split(strings.TrimPrefix(got, "\r"), "\r")
	if len(looks) != 4 || strings.Contains(got, "\n") || looks[3] != "\x1b[K" {
		t.Fatalf("written: %q", got)
	}
	for i, look := range looks[:3] {
		if !strings.HasPrefix(look, fmt.Sprintf("trial %d/25", i+1)) || terminal.Width(look) > 39 {
			t.Errorf("look %d is %q, of %d columns", i, look, terminal.Width(look))
		}
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567.4: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := words.Thousands(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}

func TestDoctorPrints(t *testing.T) {
	var out bytes.Buffer
	cmd := newDoctorCommand(&out, io.Discard)
	cmd.SetArgs(nil)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"load ", "cpus ", "open-files ", "would disturb a measurement\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
)

const watchedPhases = `
[[phase]]
name = "watched"
connections = 4
duration = "30ms"
probe = "histograms"
[[phase]]
name = "both"
connections = 4
rate = 400
duration = "50ms"
flight = true
probe = "records"
`

func noProbe() error   { return errors.New("CAP_BPF is missing (be root)") }
func freeProbe() error { return nil }

func phaseNames(m record.Manifest) (names []string) {
	for _, p := range m.Phases {
		names = append(names, p.Name+":"+p.Probe)
	}
	return names
}

// Where the probe is not allowed, the suite completes without it and says so.
func TestRunWithoutTheProbe(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	path, dir := writeSuite(t, smallSuite+watchedPhases), filepath.Join(t.TempDir(), "out")
	x, err := New(openFile(t, path), Options{Dir: dir, Repeat: 1, Only: []string{"mpm=one"}, NoMakeups: true, Serve: fakeCommand(t), CheckProbe: noProbe})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	if want := []string{"probe: CAP_BPF is missing (be root); so there is no phase watched"}; !slices.Equal(r.Manifest.Skipped, want) {
		t.Errorf("skipped %q, want %q", r.Manifest.Skipped, want)
	}
	if got, want := phaseNames(r.Manifest), []string{"closed:", "open:", "both:"}; !slices.Equal(got, want) {
		t.Errorf("phases %q, want %q", got, want)
	}
	if len(r.Trials) != 2 {
		t.Fatalf("%d trials", len(r.Trials))
	}
	for _, tr := range r.Trials {
		if tr.Failed || len(tr.Phases) != 3 || tr.Phases[2].Probe != nil || tr.Phases[2].User != nil || tr.Phases[2].H == nil {
			t.Errorf("trial %+v", tr)
		}
		if slices.ContainsFunc(tr.Gates, func(g record.Gate) bool { return g.Name == "probe_lost" }) {
			t.Error("a gate judges a probe that was not there")
		}
	}
	// With the probe, the trials would measure other conditions.
	_, err = Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t), CheckProbe: freeProbe})
	if err == nil || !strings.Contains(err.Error(), "what can be measured here (skipped then: [\"probe: CAP_BPF") {
		t.Errorf("resuming where the probe is allowed: %v", err)
	}
}

func TestProbeAxisWithoutTheProbe(t *testing.T) {
	text := strings.Replace(smallSuite, `mode = ["close", "keepalive"]`, `mode = ["close", "keepalive"]`+"\n"+`probe = ["off", "records"]`, 1) + watchedPhases
	x, err := New(openSuite(t, text), Options{NoMakeups: true, Serve: fakeCommand(t), CheckProbe: noProbe})
	if err != nil {
		t.Fatal(err)
	}
	m := x.Manifest
	if got, want := phaseNames(m), []string{"closed:", "open:", "watched:", "both:"}; !slices.Equal(got, want) {
		t.Errorf("phases %q, want %q: the cells say where the probe is", got, want)
	}
	if len(m.Plan) != 8 || len(m.Axes[2].Values) != 1 || m.Axes[2].Values[0] != "off" || len(m.Skipped) != 1 {
		t.Errorf("%d trials of axes %v, skipped %q", len(m.Plan), m.Axes, m.Skipped)
	}
	_, err = New(openSuite(t, text), Options{NoMakeups: true, Serve: fakeCommand(t), CheckProbe: noProbe, Only: []string{"probe=records"}})
	if err == nil || !strings.Contains(err.Error(), "nothing is left to measure (skipped: probe: CAP_BPF") {
		t.Errorf("nothing but the probe was asked for: %v", err)
	}
}

func TestProbeIsAskedForWhereWanted(t *testing.T) {
	asked := 0
	count := func() error { asked++; return nil }
	for _, c := range []struct {
		text string
		want int
	}{
		{smallSuite, 0},
		{smallSuite + watchedPhases, 1},
		{strings.Replace(smallSuite, "[server]", `probe = ["off"]`+"\n[server]", 1) + watchedPhases, 0},
		{strings.Replace(smallSuite, "[server]", `probe = ["records"]`+"\n[server]", 1), 1},
	} {
		asked = 0
		if _, err := New(openSuite(t, c.text), Options{NoMakeups: true, Serve: fakeCommand(t), CheckProbe: count}); err != nil {
			t.Fatal(err)
		}
		if asked != c.want {
			t.Errorf("asked %d times, want %d, in\n%s", asked, c.want, c.text)
		}
	}
}

func TestProbeInACell(t *testing.T) {
	for _, c := range []struct {
		cell  record.Cell
		phase string
		want  string
	}{
		{record.Cell{"mpm": "leader"}, "", ""},
		{record.Cell{"mpm": "leader"}, "records", "records"},
		{record.Cell{"probe": "off"}, "records", ""},
		{record.Cell{"probe": "histograms"}, "", "histograms"},
		{record.Cell{"probe": "histograms"}, "records", "histograms"},
	} {
		if got := probeIn(c.cell, record.Phase{Probe: c.phase}); got != c.want {
			t.Errorf("cell %v, phase %q: %q, want %q", c.cell, c.phase, got, c.want)
		}
	}
}

func TestShapeOfACell(t *testing.T) {
	text := strings.Replace(smallSuite, `"one", "two"`, `"leader", "goroutine", "two"`, 1) +
		"[[subject]]\nname = 'two'\ncommand = ['x', '{port}']\nshape = 'prefork'\n"
	x, err := New(openSuite(t, text), Options{NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	for mpm, want := range map[string]stage.Shape{"leader": stage.Leader, "goroutine": stage.Unknown, "two": stage.Prefork} {
		cell := record.Cell{"mpm": mpm, "mode": "close"}
		sub, _ := x.suite.Subject(cell)
		if got := x.shape(sub, cell); got != want {
			t.Errorf("%s has shape %s, want %s", mpm, got, want)
		}
	}
}

// requireProbe skips a test where the probe is not allowed; with
// LFLAB_REQUIRE_BPF set, the test fails instead.
func requireProbe(t *testing.T) {
	t.Helper()
	if err := probe.Check(); err != nil {
		if os.Getenv("LFLAB_REQUIRE_BPF") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// The axis puts the probe on commands and servers and passes them no flag.
func TestProbeAxis(t *testing.T) {
	requireProbe(t)
	_, noneLeft := pids(t)
	r, err := runSmall(t, `
title = "Ping-pong"
question = "How long?"
repeat = 1
[axes]
place = ["same"]
probe = ["off", "histograms", "records"]
[[subject]]
name = "same"
command = ["{self}", "fake-pingpong"]
parse = '(?P<mean>\d+) ns one way'
[[phase]]
name = "handoff"
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range r.Trials {
		on := tr.Cell["probe"] != "off"
		if tr.Failed || (tr.Phases[0].Probe != nil) != on ||
			slices.ContainsFunc(tr.Gates, func(g record.Gate) bool { return g.Name == "probe_lost" && g.Phase == "handoff" }) != on {
			t.Fatalf("%s: %+v", tr.Cell["probe"], tr)
		}
		if on && tr.Phases[0].Probe.Counts["wakes_issued"] == 0 {
			t.Errorf("%s: counts %v", tr.Cell["probe"], tr.Phases[0].Probe.Counts)
		}
	}

	// Long phases: on a busy machine a short one may end before any request.
	text := strings.NewReplacer("[server]", `probe = ["off", "histograms"]`+"\n[server]", `"30ms"`, `"400ms"`, `"50ms"`, `"400ms"`).Replace(smallSuite)
	r, err = runSmall(t, text, Options{Repeat: 1, Only: []string{"mpm=one", "mode=close"}})
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	for _, tr := range r.Trials {
		on := tr.Cell["probe"] != "off"
		if tr.Failed || slices.ContainsFunc(tr.Command, func(arg string) bool { return strings.HasPrefix(arg, "--probe") }) {
			t.Fatalf("trial %+v", tr)
		}
		for _, p := range tr.Phases {
			if (p.Probe != nil) != on || on && (p.Probe.Counts["requests"] == 0 || p.Histograms["probe.D"] == nil) {
				t.Errorf("%s, %s: probe %+v", tr.Cell["probe"], p.Name, p.Probe)
			}
		}
	}
}

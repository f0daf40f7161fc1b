package run

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/machine"
	"lflab/experiments/probe"
	"lflab/experiments/record"
)

const sabotagedSuite = `
title = "Sabotaged"
question = "Is it noticed?"
repeat = 2
[axes]
mpm = ["one", "slams", "warm", "late", "stalls"]
mode = ["keepalive"]
place = ["PLACE"]
[[phase]]
name = "load"
connections = 16
LOOP
warmup = "20ms"
duration = "300ms"
PROBE
`

// sabotagedFor is the measured time of the suite.
const sabotagedFor = 300 * time.Millisecond

// sabotages lists faults that a test inflicts on measurements on purpose.
type sabotages []struct {
	name, gate, place, mpm string
	probe, flight, closed  bool
	needs                  func() error
	sabotaged              func(t *testing.T, dir string, only ...string) *record.Run
}

// TestSabotage covers the faults that do not depend on who gets the CPUs.
func TestSabotage(t *testing.T) {
	t.Parallel()
	sabotages{
		{name: "clock step", gate: "clock_step", sabotaged: clockStep},
		{name: "probe ring too small", gate: "probe_lost", probe: true, needs: probe.Check, sabotaged: smallRing},
		{name: "recorder that is on in the warm-up", gate: "window", flight: true, mpm: "warm", sabotaged: plain},
		{name: "server that answers 2 % long after the end", gate: "offered_rate", mpm: "late", sabotaged: plain},
		{name: "server that closes 1 % of the connections", gate: "errors", mpm: "slams", sabotaged: plain},
	}.areNoticed(t)
}

// areNoticed checks that a sabotage fails its gate in every trial, that the
// trials are kept and marked, and that no table counts them. Without the
// sabotage the gate passes.
func (all sabotages) areNoticed(t *testing.T) {
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if c.needs != nil {
				if err := c.needs(); err != nil {
					if c.probe && os.Getenv("LFLAB_REQUIRE_BPF") != "" {
						t.Fatal(err)
					}
					t.Skip(err)
				}
			}
			place, kind, mpm, loop := "free", "", "one", "rate = 800\narrivals = 'poisson'"
			if c.closed {
				loop = ""
			}
			if c.place != "" {
				place = c.place
			}
			if c.probe {
				kind = `probe = "records"`
			}
			if c.flight {
				kind = "flight = true"
			}
			if c.mpm != "" {
				mpm = c.mpm
			}
			_, noneLeft := pids(t)
			path := writeSuite(t, strings.NewReplacer("PLACE", place, "PROBE", kind, "LOOP", loop).Replace(sabotagedSuite))

			r := c.sabotaged(t, path, "mpm="+mpm)
			if len(r.Trials) != 2 {
				t.Fatalf("%d trials", len(r.Trials))
			}
			for i := range r.Trials {
				tr := &r.Trials[i]
				if passes(tr, c.gate) || tr.Failed || tr.Clean() {
					t.Errorf("not noticed: failed %v %q, gates %+v", tr.Failed, tr.Failure, tr.Gates)
				}
			}
			for _, row := range r.Rows() {
				if row.Trials != 2 || row.Valid != 0 || len(row.Measured) != 0 {
					t.Errorf("row %+v counts what was sabotaged", row)
				}
			}
			var bench bytes.Buffer
			if err := r.WriteBench(&bench); err != nil || strings.Contains(bench.String(), "BenchmarkTrial") {
				t.Errorf("bench.txt counts what was sabotaged: %v\n%s", err, bench.String())
			}

			// Other load may disturb the control too: then repeat it.
			for attempt := 0; ; attempt++ {
				r = plain(t, path, "mpm=one")
				if slices.ContainsFunc(r.Trials, func(tr record.Trial) bool { return !tr.Failed && passes(&tr, c.gate) }) {
					break
				}
				if attempt == 20 && (c.gate == "other_load" || c.gate == "send_lag" || c.gate == "throttled") {
					t.Skipf("sabotage was noticed, but other programs keep this machine too busy for a control: %+v", r.Trials[0].Gates)
				}
				if attempt == 20 {
					t.Fatalf("without sabotage the gate never passes: %+v", r.Trials[0].Gates)
				}
			}
			noneLeft()
		})
	}
}

// TestStallAtTheEdges: a server that stalls for 5 ms as the measured time begins
// and as it ends keeps the offered rate.
func TestStallAtTheEdges(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	path := writeSuite(t, strings.NewReplacer("PLACE", "free", "PROBE", "", "LOOP", "rate = 800\narrivals = 'poisson'").Replace(sabotagedSuite))
	for attempt := 0; ; attempt++ { // other load may disturb
		r := plain(t, path, "mpm=stalls")
		if slices.ContainsFunc(r.Trials, func(tr record.Trial) bool { return !tr.Failed && passes(&tr, "offered_rate") }) {
			break
		}
		if attempt == 20 {
			t.Fatalf("the gate never passes: %+v", r.Trials[0].Gates)
		}
	}
	noneLeft()
}

// passes reports whether the trial has the gate and passed it.
func passes(t *record.Trial, gate string) bool {
	i := slices.IndexFunc(t.Gates, func(g record.Gate) bool { return g.Name == gate })
	return i >= 0 && t.Gates[i].OK
}

// sabotage runs a suite in this process after do has sabotaged it.
func sabotage(t *testing.T, path string, only []string, do func(x *Experiment)) *record.Run {
	t.Helper()
	x, err := New(openFile(t, path), Options{Dir: filepath.Join(t.TempDir(), "out"), Only: only, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	do(x)
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func plain(t *testing.T, path string, only ...string) *record.Run {
	return sabotage(t, path, only, func(*Experiment) {})
}

// clockStep sets the clock by 2 ms during each trial, only as this process sees
// it, because the machine has other users.
func clockStep(t *testing.T, path string, only ...string) *record.Run {
	return sabotage(t, path, only, func(x *Experiment) {
		steps := int64(0)
		x.clocks = func() (monotonic, real int64) {
			steps++
			monotonic, real = machine.Clocks()
			return monotonic, real + 2e6*steps
		}
	})
}

func smallRing(t *testing.T, path string, only ...string) *record.Run {
	return sabotage(t, path, only, func(x *Experiment) { x.ring = os.Getpagesize() })
}

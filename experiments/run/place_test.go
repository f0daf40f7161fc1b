package run

import (
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

const sweepSuite = `
title = "Sweep"
question = "Does a phase take its numbers from the cell?"
repeat = 1
[axes]
mpm = ["one"]
mode = ["close"]
rate = [200, 400]
place = ["free", "same"]
idle = ["default", "spinner"]
[[phase]]
name = "wake"
handoff = "futex"
place = "same"
[[phase]]
name = "open"
connections = 4
rate = "{rate}"
warmup = "5ms"
duration = "60ms"
`

// A phase takes numbers from the cell, a ping-pong runs before it, and the
// spinners end with their trial.
func TestSweep(t *testing.T) {
	count, noneLeft := allPids(t)
	r, err := runSmall(t, sweepSuite, Options{})
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	if len(r.Trials) != 8 || count() != 8+4 {
		t.Fatalf("%d trials and %d processes, want 8 and a spinner for 4 of them", len(r.Trials), count())
	}
	for _, tr := range r.Trials {
		if tr.Failed {
			t.Fatalf("%v failed: %s", tr.Cell, tr.Failure)
		}
		wake, open := tr.Phases[0], tr.Phases[1]
		if wake.Name != "wake" || wake.H == nil || wake.H.P50 != 1800 || wake.H.Mean != 2500 || wake.Requests != 0 {
			t.Errorf("%v: ping-pong %+v", tr.Cell, wake)
		}
		if want, _ := strconv.ParseFloat(tr.Cell["rate"], 64); open.OfferedRate != want {
			t.Errorf("%v: offered %v", tr.Cell, open.OfferedRate)
		}
		if open.Bins == nil || len(open.Bins.Requests) < 20 || len(open.ServedBy) != 3 || open.ServedBy[0] < open.ServedBy[1] || open.Counts[record.HeapCounter] > 1000 {
			t.Errorf("%v: bins %+v, served by %v, %d allocations", tr.Cell, open.Bins, open.ServedBy, open.Counts[record.HeapCounter])
		}
		for _, a := range tr.Command {
			if strings.Contains(a, "rate") || strings.Contains(a, "place") || strings.Contains(a, "idle") {
				t.Errorf("the server is told of %s", a)
			}
		}
	}
	m := r.Manifest
	if len(m.Phases[1].Axes) != 1 || m.Phases[1].Axes[0] != "rate" || m.Phases[1].Rate != 200 {
		t.Errorf("the manifest's phase is %+v", m.Phases[1])
	}
}

func TestPlaceOf(t *testing.T) {
	cpus, err := ownCPUs()
	if err != nil || len(cpus) == 0 {
		t.Fatalf("%v, %v", cpus, err)
	}
	for value, want := range map[string]place{
		"": {}, suite.PlaceFree: {}, suite.PlaceSame: {cpus[:1], cpus[:1]},
	} {
		if p, err := placeOf(record.Cell{suite.PlaceAxis: value}); err != nil || len(p.server) != len(want.server) || len(p.generator) != len(want.generator) {
			t.Errorf("place %q: %+v, %v", value, p, err)
		}
	}
	p, err := placeOf(record.Cell{suite.PlaceAxis: suite.PlaceCross})
	if len(cpus) < 2 {
		if err == nil || !strings.Contains(err.Error(), "needs two CPUs") {
			t.Errorf("on one CPU: %v", err)
		}
		return
	}
	if err != nil || p.server[0] != cpus[1] || p.generator[0] != cpus[0] {
		t.Errorf("place cross: %+v, %v", p, err)
	}
}

// phaseIn does not switch on a probe that is not allowed.
func TestPhaseIn(t *testing.T) {
	text := strings.Replace(sweepSuite, `duration = "60ms"`, "duration = \"60ms\"\nflight = true\nprobe = \"records\"", 1)
	for _, allowed := range []bool{true, false} {
		x, err := New(openSuite(t, text), Options{CheckProbe: func() error {
			if allowed {
				return nil
			}
			return os.ErrPermission
		}})
		if err != nil {
			t.Fatal(err)
		}
		cell := maps.Clone(x.Manifest.Plan[0].Cell)
		cell["rate"] = "400"
		p := x.phaseIn(x.Manifest.Phases[1], cell)
		if p.Rate != 400 || (p.Probe == "records") != allowed {
			t.Errorf("probe allowed %v: %+v", allowed, p)
		}
	}
}

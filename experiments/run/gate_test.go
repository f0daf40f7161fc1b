package run

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/load"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

func TestGates(t *testing.T) {
	recorded := func(n int64, unmatched, overwritten uint64) *flight {
		h := hdrhistogram.New(1, 60e9, 3)
		if err := h.RecordValues(1000, n); err != nil {
			t.Fatal(err)
		}
		return &flight{histograms: map[string]*hdrhistogram.Histogram{"D": h}, unmatched: unmatched, overwritten: overwritten}
	}
	for _, c := range []struct {
		name string
		gate record.Gate
		ok   bool
		says string
	}{
		{"no errors", errorsGate(&load.Result{Requests: 10}), true, "every request was answered"},
		{"errors", errorsGate(&load.Result{Requests: 10, Errors: map[string]uint64{"timeout": 2, "reset": 1}}), false, "3 requests failed (1 reset, 2 timeout)"},
		{"nothing answered", errorsGate(&load.Result{}), false, "no request was answered"},
		{"no hidden waits", waitGate(&load.Result{Starved: load.Starved{Asked: 16}, Held: load.Held{Connections: 16, LongestS: 0.1}}), true, "no connection waited"},
		{"silent connections", waitGate(&load.Result{Starved: load.Starved{Asked: 16, Silent: 3}}), false, "of 16 connections 3 had no answer"},
		{"held to the end", waitGate(&load.Result{Starved: load.Starved{Asked: 16}, Held: load.Held{Connections: 2, ToEnd: 1, Failed: 1, LongestS: 0.3}}), false, "2 waited for a request of the warm-up: 1 to the end, 1 until it failed, for 0.300 s"},
		{"held for too long", waitGate(&load.Result{Held: load.Held{Connections: 1, Outlasting: 1}}), false, "1 waited"},
		{"rate kept", rateGate(&load.Result{Offered: 3000, Planned: 1000, Overdue: 9, Grace: 95 * time.Millisecond}), true, "1000 requests were planned, and 9 of them had no answer by the end and a grace of 95 ms, at 3000/s"},
		{"rate missed", rateGate(&load.Result{Offered: 3000, Planned: 1000, Overdue: 11}), false, "at 3000/s offered"},
		{"sent late and answered in time", rateGate(&load.Result{Offered: 3000, Planned: 1000, Late: 32}), true, "; 32 were sent after the end"},
		{"a queue of the warm-up", rateGate(&load.Result{Offered: 3000, Planned: 732, Within: 740}), true, "; 8 answers more than that came"},
		{"nothing planned", rateGate(&load.Result{Offered: 1}), false, "0 requests were planned"},
		{"generator free", generatorGate(&load.Result{Offered: 3000, CPUShare: 0.95}), true, "95 % of its threads' time"},
		{"generator saturated", generatorGate(&load.Result{Offered: 3000, CPUShare: 0.96}), false, "96 %"},
		{"closed loop at its limit", generatorGate(&load.Result{CPUShare: 1}), true, "may set the throughput"},
		{"share that cannot be", generatorGate(&load.Result{CPUShare: 1.2}), false, "120 %"},
		{"records at the edges", flightGate(recorded(100, 4, 0)), true, "100 records were taken, 0 overwritten, 4 hand-offs without"},
		{"records unmatched", flightGate(recorded(100, 6, 0)), false, "6 hand-offs"},
		{"records overwritten", flightGate(recorded(100, 0, 2)), false, "2 overwritten"},
		{"few overwritten", flightGate(recorded(1000, 0, 2)), true, "2 overwritten"},
		{"nothing recorded", flightGate(recorded(0, 0, 0)), true, "0 records"},
		{"probe saw all", probeGate(stage.Lost{}), true, "lost 0 records, missed 0 events and dropped 0 states"},
		{"probe lost records", probeGate(stage.Lost{Records: 7}), false, "lost 7 records, missed 0 events"},
		{"probe missed events", probeGate(stage.Lost{Missed: 1}), false, "missed 1 events"},
		{"probe dropped states", probeGate(stage.Lost{Dropped: 3}), false, "dropped 3 states"},
		{"clock", clockGate(-900_000), true, "0.900 ms"},
		{"clock set back", clockGate(-1_100_000), false, "1.100 ms"},
		{"clock set", clockGate(1_100_000), false, "1.100 ms"},
		{"quiet", shareGate("other_load", "other programs used", 300*time.Millisecond, time.Second, 2, 0.2), true, "other programs used 15 %"},
		{"noisy", shareGate("other_load", "other programs used", 500*time.Millisecond, time.Second, 2, 0.2), false, "25 %"},
		{"rounding", shareGate("other_load", "other programs used", -5*time.Millisecond, time.Second, 2, 0.2), true, " 0 %"},
	} {
		if c.gate.OK != c.ok || !strings.Contains(c.gate.Detail, c.says) || c.gate.Name == "" {
			t.Errorf("%s: %+v, want ok %v and %q", c.name, c.gate, c.ok, c.says)
		}
		if c.ok && c.gate.Value > c.gate.Limit || c.gate.Value < 0 {
			t.Errorf("%s: value %g beside limit %g", c.name, c.gate.Value, c.gate.Limit)
		}
	}
}

func TestValid(t *testing.T) {
	trial := func(of, open, closed bool) *record.Trial {
		return &record.Trial{Gates: []record.Gate{{OK: of}, {Phase: "open", OK: open}, {Phase: "open", OK: true}, {Phase: "closed", OK: closed}}}
	}
	for _, c := range []struct {
		trial               *record.Trial
		open, closed, clean bool
	}{
		{trial(true, true, true), true, true, true},
		{trial(true, false, true), false, true, false},
		{trial(true, true, false), true, false, false},
		{trial(false, true, true), false, false, false}, // a gate of the trial as a whole
		{&record.Trial{Failed: true}, false, false, false},
	} {
		if open, closed, clean := c.trial.Valid("open"), c.trial.Valid("closed"), c.trial.Clean(); open != c.open || closed != c.closed || clean != c.clean {
			t.Errorf("%+v: valid %v and %v, clean %v", c.trial, open, closed, clean)
		}
	}
}

func TestFlightReport(t *testing.T) {
	h := hdrhistogram.New(1, 60e9, 3)
	for _, v := range []int64{1000, 2000, 3000} {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	var report flightReport
	if err := json.Unmarshal([]byte(`{"H":"`+string(text)+`","G_none":"`+string(text)+`","unmatched":3,"overwritten":7}`), &report); err != nil {
		t.Fatal(err)
	}
	fl, err := report.decode()
	if err != nil {
		t.Fatal(err)
	}
	r := &record.PhaseResult{Histograms: map[string]*hdrhistogram.Histogram{}, Counts: map[string]uint64{}}
	fl.into(r)
	if r.H == nil || *r.H != stats.NewDist(h) || r.GNone == nil || r.G != nil || r.D != nil || r.FlightLost != 7 || r.Counts["flight_unmatched"] != 3 || len(r.Histograms) != 2 {
		t.Errorf("phase %+v", r)
	}
	if _, err := (flightReport{D: "not a histogram"}).decode(); err == nil || !strings.Contains(err.Error(), "histogram D of the flight recorder") {
		t.Errorf("a bad histogram: %v", err)
	}
}

func TestParseFigure(t *testing.T) {
	re := regexp.MustCompile(`(?P<count>\d+) rounds, (?P<mean>\S+) ns(?:, p50 (?P<p50>\S+) ns)?`)
	d, err := parseFigure(re, "warm\n500 rounds, 17.5 ns\n")
	if err != nil || d != (stats.Dist{Count: 500, Mean: 17.5}) {
		t.Errorf("figure %+v, %v", d, err)
	}
	d, err = parseFigure(re, "500 rounds, 17.5 ns, p50 16 ns")
	if err != nil || d.P50 != 16 {
		t.Errorf("figure %+v, %v", d, err)
	}
	for out, want := range map[string]string{
		"nothing":                  `no figure in the output "nothing"`,
		"5 rounds, many ns":        `figure mean in the output is "many", not a number`,
		"5 rounds, 1 ns, p50 ? ns": `figure p50 in the output is "?"`,
	} {
		if _, err := parseFigure(re, out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", out, err, want)
		}
	}
}

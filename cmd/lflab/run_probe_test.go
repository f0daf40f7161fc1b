package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/probe"
	"lflab/experiments/record"
	"lflab/experiments/run"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

const probedSuite = `
title = "Probed"
question = "What does the probe see?"
repeat = 1
[axes]
mpm = ["worker", "leader"]
mode = ["close"]
[server]
threads = 8
[[phase]]
name = "probed"
connections = 4
rate = 1500
warmup = "50ms"
duration = "300ms"
flight = true
probe = "records"
[[phase]]
name = "counted"
connections = 4
duration = "200ms"
probe = "histograms"
`

// The runner measures a real server with the probe, and its results are
// consistent.
func TestRunWithTheProbe(t *testing.T) {
	if err := probe.Check(); err != nil {
		if os.Getenv("LFLAB_REQUIRE_BPF") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "probed.toml")
	if err := os.WriteFile(path, []byte(probedSuite), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := suite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	run := func() *record.Run {
		x, err := run.New(s, run.Options{Dir: filepath.Join(t.TempDir(), "out"), Serve: []string{"lflab", "serve"}, NoMakeups: true})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		r, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// On a busy machine the probe may start or stop apart from the client's
	// window, or the server may not run in it. One of several runs must be free
	// of both.
	r := run()
	for range 9 {
		if len(miscounted(r)) == 0 {
			break
		}
		r = run()
	}
	for _, complaint := range miscounted(r) {
		t.Error(complaint)
	}
	for _, tr := range r.Trials {
		mpm := tr.Cell["mpm"]
		if tr.Failed || len(tr.Phases) != 2 {
			t.Fatalf("%s: %+v", mpm, tr)
		}
		for i := range tr.Phases {
			checkProbed(t, mpm, &tr.Phases[i])
		}
		var lost []string
		for _, g := range tr.Gates {
			if g.Name == "probe_lost" && g.OK {
				lost = append(lost, g.Phase)
			}
		}
		if want := []string{"probed", "counted"}; !slices.Equal(lost, want) {
			t.Errorf("%s: nothing is lost in %q, want %q", mpm, lost, want)
		}
		user := tr.Phases[0].User
		if user == nil || user.D == nil || user.H == nil || user.Joined == 0 {
			t.Fatalf("%s: joined: %+v", mpm, user)
		}
		var residue uint64
		for _, n := range user.Unmatched {
			residue += n
		}
		if float64(residue) > 0.02*float64(user.Joined) {
			t.Errorf("%s: %d joined, without a partner: %v", mpm, user.Joined, user.Unmatched)
		}
		// Medians, because requests at the window's edges are in one set alone.
		if user.D.P50 <= tr.Phases[0].Probe.D.P50 {
			t.Errorf("%s: to the handler it takes %.0f ns, to the read's end already %.0f", mpm, user.D.P50, tr.Phases[0].Probe.D.P50)
		}
		if tr.Phases[1].User != nil {
			t.Errorf("%s: histograms alone were joined with something", mpm)
		}
	}
	bench, err := os.ReadFile(filepath.Join(r.Dir, "bench.txt"))
	valid := slices.ContainsFunc(r.Trials, func(t record.Trial) bool { return t.Clean() })
	if err != nil || valid && !(strings.Contains(string(bench), "probe-D-p50-ns") && strings.Contains(string(bench), "handoffs/conn")) {
		t.Errorf("bench.txt has no metrics of the probe: %v\n%s", err, bench)
	}
}

// miscounted returns complaints about phases in which the probe saw too few
// requests, or not as many as the client or the server's recorder. The counts may
// differ by the requests in flight at both ends of the measured time.
func miscounted(r *record.Run) (complaints []string) {
	for _, tr := range r.Trials {
		for _, p := range tr.Phases {
			if p.Probe == nil {
				continue // another check reports it
			}
			if n := p.Probe.Counts["requests"]; n < 50 {
				complaints = append(complaints, fmt.Sprintf("%s, %s: the probe saw %d requests", tr.Cell["mpm"], p.Name, n))
			} else if math.Abs(float64(n)-float64(p.Requests)) > 0.02*float64(p.Requests)+10 {
				complaints = append(complaints, fmt.Sprintf("%s, %s: the probe saw %d requests, the client %d", tr.Cell["mpm"], p.Name, n, p.Requests))
			}
			if u := p.User; u != nil && u.D != nil && p.Probe.D != nil && float64(u.D.Count) < 0.98*float64(p.Probe.D.Count) {
				complaints = append(complaints, fmt.Sprintf("%s, %s: %d of the probe's %d requests are in the server's records of the window", tr.Cell["mpm"], p.Name, u.D.Count, p.Probe.D.Count))
			}
		}
	}
	return complaints
}

func checkProbed(t *testing.T, mpm string, p *record.PhaseResult) {
	t.Helper()
	seen := p.Probe
	if seen == nil || seen.D == nil || seen.H == nil || string(seen.Shape) != mpm {
		t.Fatalf("%s, %s: the probe saw %+v", mpm, p.Name, seen)
	}
	for of, total := range map[string]*stats.Dist{"D": seen.D, "H": seen.H, "G": seen.G} {
		if total == nil {
			t.Errorf("%s, %s: no %s", mpm, p.Name, of)
			continue
		}
		sum := 0.0
		for _, stage := range seen.Stages {
			if stage.Of == of {
				sum += stage.PartOfMean
			}
		}
		if math.Abs(sum-total.Mean) > 1e-6*total.Mean {
			t.Errorf("%s, %s: the stages of %s come to %.1f ns in the mean, not to %.1f", mpm, p.Name, of, sum, total.Mean)
		}
		if h := p.Histograms["probe."+of]; h == nil || h.TotalCount() != total.Count {
			t.Errorf("%s, %s: the histogram of %s is not that of its %d events", mpm, p.Name, of, total.Count)
		}
	}
	if n := seen.PerConnection["handoffs"]; n < 0.5 || n > 1.5 {
		t.Errorf("%s, %s: %.2f hand-offs per connection", mpm, p.Name, n)
	}
}

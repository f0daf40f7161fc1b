package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

var subjects = record.Axis{Name: "mpm", Values: []string{"leader", "worker"}}

// made returns a run with so many blocks, in each of which leader has factor
// times worker's dispatch latency of 30 µs.
func made(hypothesis string, seed uint64, blocks int, factor float64) *record.Run {
	m := record.Manifest{
		Suite: "made", SuiteDigest: "d1", Title: "Who dispatches sooner", Question: "Does a leader?", Command: fmt.Sprintf("lflab run made --seed %d", seed),
		Seed: seed, Axes: []record.Axis{subjects}, Repeat: blocks, Scale: 1, Phases: []record.Phase{{Name: "open", Title: "open loop", DurationS: 1}},
		Git: record.Git{Revision: "0123456789abcdef", Dirty: seed == 2}, GoVersion: "go1.26.8",
		Before: record.Machine{Kernel: "6.18.44", CPU: "made up", CPUs: 2, Virtualised: "kvm"},
	}
	if hypothesis != "" {
		m.Claim = suite.Claim{Hypothesis: hypothesis, Text: "A leader dispatches sooner than a worker.", RefutedIf: "it does not."}
		m.Rules = []suite.Rule{{Title: "dispatch latency, leader / worker", Kind: suite.RuleRatio, Metric: "D_p50_ns", Phase: "open",
			Of: suite.Match{"mpm": {"leader"}}, To: suite.Match{"mpm": {"worker"}}, Below: 1}}
	}
	r := &record.Run{Manifest: m}
	for block := range blocks {
		for _, mpm := range subjects.Values {
			d := 30_000 + 1000*float64(block) + 100*float64(seed)
			if mpm == "leader" {
				d *= factor
			}
			cell := record.Cell{"mpm": mpm}
			r.Manifest.Plan = append(r.Manifest.Plan, record.Planned{ID: trialID(cell, block), Cell: cell, Repetition: block})
			r.Trials = append(r.Trials, record.Trial{ID: trialID(cell, block), Suite: "made", Cell: cell, Repetition: block, Order: len(r.Trials), Phases: []record.PhaseResult{{
				Name: "open", Requests: 1000, RequestsPerSecond: 1000, DurationS: 1, CPUPerRequest: d / 1000, VoluntaryPerRequest: 2,
				Latency: stats.Dist{Count: 1000, Mean: d, P50: d, P99: 2 * d, P999: 3 * d}, D: &stats.Dist{Count: 1000, Mean: d, P50: d, P99: 2 * d},
			}}})
		}
	}
	return r
}

// trialID returns a trial's ID as the lab computes it, because a run with other
// IDs cannot be opened.
func trialID(cell record.Cell, repetition int) string {
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(cell)) {
		fmt.Fprintf(h, "%s=%s\n", k, cell[k])
	}
	fmt.Fprintf(h, "repetition=%d\n", repetition)
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// keep writes a run into dir as a results directory.
func keep(t *testing.T, r *record.Run, dir string) {
	t.Helper()
	writeJSON(t, filepath.Join(dir, "manifest.json"), r.Manifest)
	for i := range r.Trials {
		tr := r.Trials[i]
		tr.Suite = r.Manifest.Suite
		if len(tr.Gates) == 0 {
			tr.Gates = []record.Gate{{Name: "errors", Phase: "open", OK: true}}
		}
		writeJSON(t, filepath.Join(dir, "trials", tr.ID+".json"), tr)
	}
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

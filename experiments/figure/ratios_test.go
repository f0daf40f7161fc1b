package figure

import (
	"slices"
	"strings"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/load"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// Memory and bytes are only in the tables of phases for which they are
// informative.
func TestMetricsOfCrowdsAndFiles(t *testing.T) {
	r := &record.PhaseResult{Requests: 10, DurationS: 2, RSS: 64 << 20, BytesPerSecond: 1e6}
	for _, key := range []string{findings.KeyMemory, findings.KeyIdle, findings.KeyBytes} {
		if x, ok := findings.Telling(findings.MetricOf(key), r); ok {
			t.Errorf("%s of an ordinary phase is %g", key, x)
		}
	}
	r.Background = &record.BackgroundResult{Presences: load.Presences{Idle: load.Presence{Asked: 1024, Opened: 1024, Open: 1024}}, RSSBefore: 1 << 20, RSSWith: 5 << 20}
	r.BytesPerSecond = 1e9
	for key, want := range map[string]float64{findings.KeyMemory: 64, findings.KeyIdle: 4, findings.KeyBytes: 1000} {
		if x, ok := findings.Telling(findings.MetricOf(key), r); !ok || x != want {
			t.Errorf("%s is %g (%v), want %g", key, x, ok, want)
		}
	}
}

// The answer judges promises cell by cell. It leaves open the cells with too
// few blocks for an interval. A gate that an open phase did not pass takes
// nothing from the closed one.
func TestAnswerOfPromises(t *testing.T) {
	run := madeup.QuickRun(1)
	run.Manifest.Ratios = []suite.Ratio{{Title: "CPU / kernel", Metric: "cpu_us_per_request", Phase: "closed", Axis: "mpm", Values: []string{"kernel"}, Most: 1.2}}
	run.Trials = slices.DeleteFunc(run.Trials, func(tr record.Trial) bool { // five are left of event with closing, and of goroutine with kept connections
		return tr.Repetition > 4 && tr.Cell["mpm"] == "event" && tr.Cell["mode"] == "close" || tr.Repetition > 5 && tr.Cell["mpm"] == "goroutine" && tr.Cell["mode"] == "keepalive"
	})
	want := "CPU / kernel is to be at most 1.20. It is in 3 of 8 cells, with the whole interval: leader/close, leader/keepalive, worker/keepalive. " +
		"It is not in event/keepalive 1.65 [1.59, 1.67], goroutine/close 1.49 [1.47, 1.51]. " +
		"It cannot be told of worker/close 1.20 [1.18, 1.22], event/close 1.39 (n = 5), goroutine/keepalive 1.32 (n = 5)."
	if text, _, _ := strings.Cut(findings.Answer(run), "\n"); text != want {
		t.Errorf("the answer begins\n%s\nwant\n%s", text, want)
	}
	kept := madeup.QuickRun(1)
	kept.Trials = slices.DeleteFunc(kept.Trials, func(tr record.Trial) bool { return tr.Cell["mpm"] != "leader" && tr.Cell["mpm"] != "kernel" })
	kept.Manifest.Ratios = run.Manifest.Ratios
	if text := findings.Answer(kept); !strings.HasPrefix(text, "CPU / kernel is to be at most 1.20. It is, in all of 2 cells: the whole interval lies below.\n") {
		t.Errorf("the answer begins\n%s", text)
	}
	kept.Manifest.Ratios[0].Most = 0
	if text := findings.Answer(kept); strings.Contains(text, "is to be at most") {
		t.Errorf("nothing is promised, and the answer says %s", text)
	}
}

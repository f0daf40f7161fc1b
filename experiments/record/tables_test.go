package record

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lflab/experiments/stats"

	"golang.org/x/perf/benchfmt"
)

// made returns a run of three repetitions, too few for an interval.
func made(t *testing.T) *Run {
	t.Helper()
	return madeOf(t, 3)
}

// madeOf returns a run of two cells with invented numbers: the request rates are
// 1000, 2000, 3000 and so on for "one" and ten times that for "two", whose
// second trial is invalid.
func madeOf(t *testing.T, repetitions int) *Run {
	t.Helper()
	axes := []Axis{{Name: "mpm", Values: []string{"two", "one"}}, {Name: "mode", Values: []string{"close"}}}
	r := &Run{Dir: t.TempDir(), Manifest: Manifest{Suite: "small", Seed: 5, Axes: axes, Phases: []Phase{{Name: "closed"}, {Name: "open"}},
		Plan: NewPlan([]Cell{{"mpm": "one", "mode": "close"}, {"mpm": "two", "mode": "close"}}, repetitions, 5)}}
	for _, p := range r.Manifest.Plan {
		rate := 1000 * float64(p.Repetition+1)
		if p.Cell["mpm"] == "two" {
			rate *= 10
		}
		tr := Trial{ID: p.ID, Cell: p.Cell, Repetition: p.Repetition, Phases: []PhaseResult{
			{Name: "closed", Requests: 100, RequestsPerSecond: rate, Latency: stats.Dist{Mean: 2e6, P50: 1e6}, CPUPerRequest: 12.5, VoluntaryPerRequest: 1.5, InvoluntaryPerRequest: 0.25},
			{Name: "open", Requests: 10, RequestsPerSecond: 10, Latency: stats.Dist{Mean: 3e6}, H: &stats.Dist{Count: 20, Mean: 4000, P50: 3500}},
		}}
		tr.Gates = []Gate{{Name: "errors", OK: p.Cell["mpm"] == "one" || p.Repetition != 1}}
		r.Trials = append(r.Trials, tr)
	}
	if err := r.WriteTables(); err != nil {
		t.Fatal(err)
	}
	return r
}

// D, H and G of a recorder that also covered the warm-up have units of their
// own, and the kernel probe's do not.
func TestBenchMarksTheWarmUp(t *testing.T) {
	h, probed := *MetricOf("H_p50_ns"), *MetricOf("probe_H_p50_ns")
	on, off := Phase{Name: "open", Flight: true}, Phase{Name: "closed"}
	for format, want := range map[int]string{2: "H-p50-with-warm-up-ns", 3: "H-p50-ns"} {
		m := Manifest{Format: format}
		if got := m.benchUnit(h, on); got != want {
			t.Errorf("format %d: H is in %s, want %s", format, got, want)
		}
		if got := m.benchUnit(h, off); got != "H-p50-ns" {
			t.Errorf("format %d: H without a recorder is in %s", format, got)
		}
		if got := m.benchUnit(probed, on); got != "probe-H-p50-ns" {
			t.Errorf("format %d: the probe's H is in %s", format, got)
		}
	}
}

func TestBenchText(t *testing.T) {
	r := made(t)
	f, err := os.Open(filepath.Join(r.Dir, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string]int{}
	in := benchfmt.NewReader(f, "bench.txt")
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(rec)
		case *benchfmt.Result:
			lines[rec.Name.String()]++
			if rec.GetConfig("suite") != "small" || rec.GetConfig("seed") != "5" {
				t.Errorf("%s: suite %q, seed %q", rec.Name, rec.GetConfig("suite"), rec.GetConfig("seed"))
			}
			closed := strings.HasSuffix(rec.Name.String(), "/phase=closed")
			for unit, want := range map[string]float64{"csw/req": 1.75, "cpu-us/req": 12.5, "sec/op": 2e-3} { // benchfmt reads ns as seconds
				if v, ok := rec.Value(unit); closed && (!ok || v != want) {
					t.Errorf("%s has %g %s, want %g", rec.Name, v, unit, want)
				}
			}
			if _, ok := rec.Value("H-p50-sec"); ok == closed {
				t.Errorf("%s: a hand-off latency is there: %v", rec.Name, ok)
			}
		}
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	want := map[string]int{"Trial/mpm=one/mode=close/phase=closed": 3, "Trial/mpm=one/mode=close/phase=open": 3,
		"Trial/mpm=two/mode=close/phase=closed": 2, "Trial/mpm=two/mode=close/phase=open": 2}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	if m := in.Units().Get("req/s", "better"); m == nil || m.Value != "higher" {
		t.Errorf("requests per second are %v", m)
	}
}

// The ends of an interval are empty if fewer than six values count.
func TestSummary(t *testing.T) {
	for repetitions, wants := range map[int][]string{
		3: {"two,close,closed,3,2,20000,,", "two,close,open,3,2,10,,", "one,close,closed,3,3,2000,,", "one,close,open,3,3,10,,"},
		6: {"two,close,closed,6,5,40000,,", "two,close,open,6,5,10,,", "one,close,closed,6,6,3500,1000,6000", "one,close,open,6,6,10,10,10"},
		9: {"two,close,closed,9,8,55000,10000,90000", "two,close,open,9,8,10,10,10", "one,close,closed,9,9,5000,2000,8000", "one,close,open,9,9,10,10,10"},
	} {
		r := madeOf(t, repetitions)
		text, err := os.ReadFile(filepath.Join(r.Dir, "summary.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 5 {
			t.Fatalf("summary.csv has %d rows, %v", len(rows), err)
		}
		wants = append([]string{"mpm,mode,phase,trials,valid,requests_per_second,requests_per_second_lo,requests_per_second_hi"}, wants...)
		for i, want := range wants {
			if got := strings.Join(rows[i][:8], ","); got != want {
				t.Errorf("of %d repetitions, row %d begins %s, want %s", repetitions, i, got, want)
			}
		}
		for i, name := range rows[0] {
			if name == "H_p50_ns" && (rows[1][i] != "" || rows[2][i] != "3500") {
				t.Errorf("hand-off latency is %q in the closed and %q in the open phase", rows[1][i], rows[2][i])
			}
		}
	}
}

func TestWriteTable(t *testing.T) {
	columns := []Column{{"req/s", "requests_per_second", 1}, {"H us", "H_mean_ns", 1e-3}}
	for repetitions, lines := range map[int][]string{
		3: {
			"two\tclose\tclosed\t2 of 3\t20000 (n = 2)\t-\t",
			"two\tclose\topen\t2 of 3\t10.0 (n = 2)\t4.00 (n = 2)\t",
			"one\tclose\tclosed\t3\t2000 (n = 3)\t-\t",
			"one\tclose\topen\t3\t10.0 (n = 3)\t4.00 (n = 3)\t",
		},
		7: {
			"two\tclose\tclosed\t6 of 7\t45000 [10000, 70000]\t-\t",
			"two\tclose\topen\t6 of 7\t10.0 [10.0, 10.0]\t4.00 [4.00, 4.00]\t",
			"one\tclose\tclosed\t7\t4000 [1000, 7000]\t-\t",
			"one\tclose\topen\t7\t10.0 [10.0, 10.0]\t4.00 [4.00, 4.00]\t",
		},
	} {
		var b strings.Builder
		if err := madeOf(t, repetitions).WriteTable(&b, columns); err != nil {
			t.Fatal(err)
		}
		want := "mpm\tmode\tphase\ttrials\treq/s\tH us\t\n" + strings.Join(lines, "\n") + "\n"
		if b.String() != want {
			t.Errorf("table\n%s\nwant\n%s", b.String(), want)
		}
	}
}

package report

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// Two reports on one results directory are equal in every file: page, SVG, PDF
// and PNG.
func TestReportTwiceGivesEqualBytes(t *testing.T) {
	source := filepath.Join("..", "..", "results", "spare-reference")
	dir := t.TempDir()
	for _, part := range []string{"manifest.json", "trials.zip.zst"} {
		if err := copyInto(dir, source, part); err != nil {
			t.Fatal(err)
		}
	}
	report := func() map[string][]byte {
		if _, _, err := WriteReport(dir); err != nil {
			t.Fatal(err)
		}
		return filesIn(t, dir)
	}
	first, second := report(), report()
	kinds := map[string]int{}
	for name, data := range first {
		kinds[filepath.Ext(name)]++
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs between two reports", name)
		}
	}
	if kinds[".pdf"] < 3 || kinds[".svg"] != kinds[".pdf"] || kinds[".png"] != kinds[".pdf"] || kinds[".html"] != 1 || len(first) != len(second) {
		t.Errorf("the first report has %v, %d files, the second %d", kinds, len(first), len(second))
	}
}

func TestRatioTable(t *testing.T) {
	run := madeup.QuickRun(1)
	if ts := newView(run).ratioTables(); len(ts) != 0 {
		t.Errorf("a suite that asks for no ratios has %d tables of them", len(ts))
	}
	run.Manifest.Ratios = []suite.Ratio{
		{Title: "CPU / kernel", Metric: "cpu_us_per_request", Phase: "closed", Axis: "mpm", Values: []string{"kernel"}},
		{Title: "never measured", Metric: "rss_bytes_per_idle_connection", Phase: "closed", Axis: "mpm", Values: []string{"kernel"}},
	}
	for _, tr := range run.Trials {
		run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{Cell: tr.Cell, Repetition: tr.Repetition})
	}
	ts := newView(run).ratioTables()
	if len(ts) != 1 || heads(ts[0]) != "CPU / kernel" || len(ts[0].Groups) != 2 {
		t.Fatalf("tables %+v", ts)
	}
	rows := ts[0].Groups[0].Rows
	if len(rows) != 4 || rows[0].Subject != "leader" || !strings.HasPrefix(rows[0].Cells[0].Median, "1.0") {
		t.Errorf("closing connections: %+v", rows) // 24.1 to 22.9 in the fixture
	}
	if text := string(filesIn(t, write(t, run))["report.html"]); !strings.Contains(text, "<h3>Ratios</h3>") || strings.Contains(text, "never measured") {
		t.Error("the report has no table of ratios, or one with an empty column")
	}
}

func TestReportOfAStep(t *testing.T) {
	files := filesIn(t, write(t, madeup.StepRun(1)))
	page := string(files["report.html"])
	for _, part := range []string{`<figure id="step">`, "processes and threads</h3>", "95 % served after", "most processes", "back after", "<td>17<small>[17, 17]</small></td>", "at most 1.10?"} {
		if !strings.Contains(page, part) {
			t.Errorf("the report has no %q", part)
		}
	}
	for _, name := range []string{"figures/step.svg", "figures/step.pdf", "figures/step.png"} {
		if len(files[name]) == 0 {
			t.Errorf("there is no %s", name)
		}
	}
}

// The glossary also explains the values of axes other than mpm.
func TestGlossaryOfOtherAxes(t *testing.T) {
	run := madeup.StepRun(1)
	run.Manifest.Axes[0] = record.Axis{Name: "accept-mutex", Values: []string{"none", "flock"}}
	for i := range run.Trials {
		run.Trials[i].Cell = record.Cell{"accept-mutex": []string{"none", "flock"}[i%2], "mode": "close"}
	}
	ts := newView(run).glossary()
	if len(ts) != 2 || ts[0].Word != "none" || !strings.Contains(ts[1].Meaning, "flock(2)") {
		t.Errorf("glossary %+v", ts)
	}
}

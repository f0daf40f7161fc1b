package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/record"

	"golang.org/x/net/html"
	"golang.org/x/perf/benchfmt"
)

var reportDir = flag.String("report", "", "results `directory` that TestReportIsValid looks at")

// TestReportIsValid checks a results directory that lflab has made: it has
// every file that it should have, complete and readable by other programs.
func TestReportIsValid(t *testing.T) {
	if *reportDir == "" {
		t.Skip("no results directory is given with -report")
	}
	run, err := record.Open(*reportDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Trials) != len(run.Manifest.Plan) || len(run.Trials) == 0 {
		t.Errorf("%d trials of %d that were planned", len(run.Trials), len(run.Manifest.Plan))
	}
	for i := range run.Trials {
		tr := &run.Trials[i]
		if tr.Failed {
			t.Errorf("trial %s failed: %s", tr.ID, tr.Failure)
		}
		if len(tr.Gates) == 0 {
			t.Errorf("trial %s was not judged", tr.ID)
		}
	}

	page := inDir(t, "report.html")
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("parse report.html: %v", err)
	}
	var sections []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "id" {
				sections = append(sections, a.Val)
			}
			if (a.Key == "src" || n.Data == "link" && a.Key == "href") && !strings.HasPrefix(a.Val, "data:") {
				t.Errorf("report.html needs %s from outside", a.Val)
			}
		}
	}
	for _, id := range []string{"answer", "figures", "numbers", "method", "validity", "machine", "repeat"} {
		if !slices.Contains(sections, id) {
			t.Errorf("report.html has no section %q", id)
		}
	}

	figures, err := filepath.Glob(filepath.Join(*reportDir, "figures", "*.svg"))
	if err != nil || len(figures) < 3 {
		t.Errorf("%d figures (%v), want three or more", len(figures), err)
	}
	for _, svg := range figures {
		name := strings.TrimSuffix(filepath.Base(svg), ".svg")
		for dec := xml.NewDecoder(bytes.NewReader(inDir(t, "figures", name+".svg"))); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s.svg: %v", name, err)
				break
			}
		}
		if _, err := png.Decode(bytes.NewReader(inDir(t, "figures", name+".png"))); err != nil {
			t.Errorf("%s.png: %v", name, err)
		}
		if !bytes.HasPrefix(inDir(t, "figures", name+".pdf"), []byte("%PDF-")) {
			t.Errorf("%s.pdf is no PDF", name)
		}
	}

	if rows, err := csv.NewReader(bytes.NewReader(inDir(t, "summary.csv"))).ReadAll(); err != nil || len(rows) < 2 {
		t.Errorf("summary.csv has %d rows (%v)", len(rows), err)
	}
	for r := benchfmt.NewReader(bytes.NewReader(inDir(t, "bench.txt")), "bench.txt"); r.Scan(); {
		if bad, ok := r.Result().(*benchfmt.SyntaxError); ok {
			t.Errorf("bench.txt: %v", bad)
		}
	}
}

func inDir(t *testing.T, name ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{*reportDir}, name...)...))
	if err != nil {
		t.Error(err)
	}
	return data
}

func TestByNumber(t *testing.T) {
	want := []string{"apache-reference", "h1", "h2", "h2-again", "h10", "h10-2", "quick-2", "quick-reference"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, byNumber)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

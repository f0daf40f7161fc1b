package report

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lflab/experiments/figure"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

// The figures that the suite asks for come first, in its order, then the
// verdict's. A figure that was asked for and cannot be drawn says why.
func TestFiguresAskedForComeFirst(t *testing.T) {
	for _, c := range []struct {
		run  *record.Run
		want []string
	}{
		{madeup.RateRun(), []string{"model", "where-time-goes"}},
		{madeup.RuledRun(), []string{"handoff", "verdict", "verdict-gain"}},
		{madeup.TrendRun(), []string{"work", "verdict-trend"}},
	} {
		names, err := figure.Names(c.run)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) <= len(c.want) || !slices.Equal(names[:len(c.want)], c.want) {
			t.Errorf("%s draws %v, want %v first", c.run.Manifest.Suite, names, c.want)
		}
	}
	page := string(filesIn(t, write(t, madeup.RuledRun()))["report.html"])
	if !strings.Contains(page, "Overload: drops and latency against the listen queue</i> (no axis is listen-backlog)") {
		t.Error("the report does not say why F9, which the suite asks for, is missing")
	}
	if strings.Contains(page, "no axis is spin") {
		t.Error("the report misses a figure that nobody asked for")
	}
}

// A report begins with the verdict if the suite has rules, and otherwise has no
// such box.
func TestReportBeginsWithTheVerdict(t *testing.T) {
	page := string(filesIn(t, write(t, madeup.RuledRun()))["report.html"])
	card, figure, verdict, end := strings.Index(page, `<section id="answer" class="answer contradicted"`), strings.Index(page, "<figure"), strings.Index(page, `<section id="verdict" class="verdict contradicted">`), strings.Index(page, `<div id="figures">`)
	if card < 0 || card > figure || figure > verdict || verdict > end {
		t.Fatalf("card at %d, first figure at %d, verdict at %d, figures at %d", card, figure, verdict, end)
	}
	for _, part := range []string{"H1 is contradicted:", "uses less CPU time than worker &amp; event.", "It does not hold if", "switches per request", "claimed", "3 confirmed, 2 equivalent, 1 contradicted", "2 confirmed, 1 smaller than claimed, 2 contradicted, 1 undecided", `<span class="outcome smaller than claimed">`} {
		if !strings.Contains(page[verdict:end], part) {
			t.Errorf("the verdict does not say %q", part)
		}
	}
	if plain := string(written(t)["report.html"]); strings.Contains(plain, `id="verdict"`) || strings.Contains(plain, "#verdict\"") {
		t.Error("a suite without rules has a verdict")
	}
}

// resultsIn returns a directory with copies of two of the repository's results
// directories.
func resultsIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"spare-reference", "handoff-reference"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"manifest.json", "trials.zip.zst"} {
			if err := copyInto(filepath.Join(dir, name), filepath.Join("..", "..", "results", name), part); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestOverview(t *testing.T) {
	dir := resultsIn(t)
	if _, _, err := WriteReport(filepath.Join(dir, "spare-reference")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := WriteOverview(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteOverview(dir); err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(path); err != nil || !bytes.Equal(first, second) {
		t.Errorf("two overviews differ (%v)", err)
	}
	root, err := html.Parse(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	var tiles, pictures int
	var links []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "article":
			tiles++
		case "svg":
			pictures++
		case "link", "img", "iframe":
			t.Errorf("the page has a %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "href" && n.Data != "use" && !slices.Contains(links, a.Val) { // a use is of a glyph on the page
				links = append(links, a.Val)
			}
		}
	}
	if tiles != 2 || pictures != 2 || !slices.Equal(links, []string{"#handoff-reference", "spare-reference/report.html"}) {
		t.Errorf("%d tiles, %d pictures, links %v", tiles, pictures, links)
	}
	if rows := bytes.Count(first, []byte("<tr><th scope=\"row\">")); rows != 1 { // spare claims nothing, and the other hypotheses have no run
		t.Errorf("%d rows of verdicts", rows)
	}
	if bytes.Contains(first, []byte("url(")) {
		t.Error("the page loads something")
	}
	if _, err := WriteOverview(t.TempDir()); err == nil || !strings.Contains(err.Error(), "manifest.json") {
		t.Errorf("overview of nothing: %v", err)
	}
}

// The overview shows the verdict of a run with rules.
func TestOverviewTileShowsTheVerdict(t *testing.T) {
	r, err := overviewOf(newView(madeup.RuledRun()), "h1", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict == nil || r.Verdict.Outcome != "contradicted" || r.Answer != "" || r.Link != "" || r.Caption != "Hand-off latency." || !strings.HasPrefix(string(r.Figure), "<svg") {
		t.Errorf("tile %+v", r)
	}
}

// copyInto copies a file, or the files of a directory, from source into dir.
func copyInto(dir, source, part string) error {
	info, err := os.Stat(filepath.Join(source, part))
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(source, part)))
	}
	data, err := os.ReadFile(filepath.Join(source, part))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, part), data, 0o644)
}

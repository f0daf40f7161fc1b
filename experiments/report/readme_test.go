package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/findings"
	"lflab/experiments/machine"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
)

var update = flag.Bool("update", false, "write the golden file, and results/README.md if it is a generated one")

// house returns a directory of five runs: a claim that holds, the same with
// another seed, one that is contradicted, one that needs more CPUs, and a suite that
// claims nothing but has a promise that is not kept.
func house(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	keep(t, made("H2", 1, 8, 0.7), filepath.Join(dir, "h2"))
	again := made("H2", 2, 8, 0.7)
	again.Trials[3].Gates = []record.Gate{{Name: "errors", Phase: "open"}}
	keep(t, again, filepath.Join(dir, "h2-again"))
	later := made("H10", 3, 8, 1.4)
	later.Manifest.Suite = "later"
	keep(t, later, filepath.Join(dir, "h10"))
	many := made("H6", 4, 8, 0.7)
	many.Manifest.Suite, many.Manifest.Claim.CPUs = "many", 8
	many.Manifest.Skipped = []string{"floor: there is no C compiler (cc) on PATH"}
	keep(t, many, filepath.Join(dir, "h6"))
	plain := made("", 5, 8, 1.4)
	plain.Manifest.Suite = "plain"
	plain.Manifest.Ratios = []suite.Ratio{{Title: "median latency", Metric: "latency_p50_ns", Phase: "open", Axis: "mpm", Values: []string{"worker"}, Most: 0.5}}
	plain.Trials = plain.Trials[:14]
	keep(t, plain, filepath.Join(dir, "plain"))
	for _, f := range []string{"h2/figures/dispatch.svg", "h2/figures/cpu.svg", "h2/figures/cpu.pdf", "h2/report.html", "h10/figures/cpu.svg", "empty/notes.txt", "bench.txt"} {
		path := filepath.Join(dir, f)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestGolden leaves out the suite without a claim, because package findings
// writes its text, which changes with that package.
func TestGolden(t *testing.T) {
	dir := house(t)
	if err := os.RemoveAll(filepath.Join(dir, "plain")); err != nil {
		t.Fatal(err)
	}
	path, err := WriteReadme(dir)
	if err != nil || path != filepath.Join(dir, "README.md") {
		t.Fatalf("%s: %v", path, err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "README.md")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, got, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if line, g, w := differ(got, want); line > 0 {
		t.Errorf("line %d of %s is\n%s\nwant\n%s\n(go test ./experiments/report -run Golden -update writes it anew)", line, golden, g, w)
	}
	if _, err := WriteReadme(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(got, again) {
		t.Errorf("the page is another one when it is there already: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".README*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPage checks the facts on the page that the golden file could have wrong.
func TestPage(t *testing.T) {
	dir := house(t)
	got, err := generate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	page := string(got)
	for _, part := range []string{
		"\n| H1 |  | ? no run | – | – | – |\n", "\n| [H2](#h2) | dispatch latency, leader / worker: below 1 | ✔ confirmed | 0.700 [0.700, 0.700] | 8 | 2 of 2 |\n",
		"\n| [H6](#h6) | dispatch latency, leader / worker: below 1 | ? not testable here | – | – | 1 of 1 |\n", "<details><summary>✘ H10: contradicted</summary>",
		"| H1 | no run | There is no run of it here. |  |",
		"| H2 | confirmed | H2 is confirmed: leader's median dispatch latency D is 23.5 µs", "| [h2-again](#h2-again) |",
		"| H6 | not testable here | H6 is not testable here: needs 8 CPUs, this machine has 2. | [h6](#h6) |",
		"| H10 | contradicted |", "| H17 | no run |",
		"- H10 (\"A leader dispatches sooner than a worker\") is contradicted. Dispatch latency, leader / worker (claimed below 1) is contradicted: ",
		"- median latency was promised to be at most 0.5 and is 1.40",
		"µs CPU per request against worker's 33.5 [30.5, 36.5]: more, against what the pattern claims",
		"16 trials, 15 of them valid in every phase; seed 2; 2 CPUs (made up), Linux 6.18.44, under kvm, go1.26.8; revision 0123456789ab, with changes; `lflab run made --seed 2`.",
		"14 of 16 planned trials, 14 of them valid",
		"Not to be had there: floor: there is no C compiler (cc) on PATH.",
		"[Report](h2/report.html); figures: [cpu](h2/figures/cpu.svg), [dispatch](h2/figures/dispatch.svg).",
		"Beside [h2](#h2) (seed 1) 1 of 1 rule agrees, ", "- **2 virtual CPUs, shared by the server", "**One kernel** (6.18.44)",
		"| | median latency (at most 0.5) |\n|---|---|\n", "| **1.40 [", "In bold: what was promised is not kept",
		"5 results directories with 78 trials, 77 of them valid",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	if a, b := strings.Index(page, "\n## h6\n"), strings.Index(page, "\n## h10\n"); a < 0 || b < a {
		t.Errorf("h10 stands before h6")
	}
	if strings.Contains(page, "<no value>") || strings.Contains(page, "NaN") || strings.Contains(page, "cpu.pdf") {
		t.Errorf("%s", page)
	}
	if n, m := strings.Count(page, "<details>"), strings.Count(page, "\n\n</details>\n"); n != m || n < 8 {
		t.Errorf("%d parts are folded, %d end after an empty line, as Markdown needs it", n, m)
	}
	opening, rest, _ := strings.Cut(page, "<details>")
	if n := strings.Count(opening, "\n| "); n != 1+hypotheses() {
		t.Errorf("the page opens with %d lines of a table, want a heading and one for each hypothesis:\n%s", n, opening)
	}
	page = rest
	for h := 1; h <= hypotheses(); h++ {
		want := 1
		if h == 2 {
			want = 2 // runs
		}
		if n := strings.Count(page, fmt.Sprintf("\n| H%d |", h)); n != want {
			t.Errorf("H%d has %d rows, want %d", h, n, want)
		}
	}
}

// Of several runs the matrix shows the one that started last, and counts those
// that agree with it. A claim without a hypothesis has a row of its own.
func TestMatrixShowsTheLastRun(t *testing.T) {
	of := func(name string, r *record.Run) judged {
		return judged{name, &r.Manifest, verdict.Judge(r)}
	}
	first, second, other := made("H2", 1, 8, 0.7), made("H2", 2, 8, 1.4), made("H2", 3, 8, 0.6)
	first.Manifest.Started, second.Manifest.Started = time.Unix(2, 0), time.Unix(1, 0)
	other.Manifest.Suite, other.Manifest.Hypothesis = "other", ""
	rows := matrix([]judged{of("a", first), of("b", second), of("c", other)})
	if len(rows) != hypotheses()+1 {
		t.Fatalf("%d rows", len(rows))
	}
	if r := rows[1]; r.Run != "a" || r.Mark != "✔" || r.Agree != "1 of 2" || r.N != "8" {
		t.Errorf("H2: %+v", r)
	}
	if r := rows[len(rows)-1]; r.Run != "c" || r.Hypothesis != "" || r.Agree != "1 of 1" || !strings.HasPrefix(r.Effect, "0.600 [") {
		t.Errorf("the other claim: %+v", r)
	}
	first.Manifest.Started = time.Time{}
	if r := matrix([]judged{of("a", first), of("b", second)})[1]; r.Run != "b" || r.Mark != "✘" || r.Agree != "1 of 2" {
		t.Errorf("H2 once the other is the last: %+v", r)
	}
}

// TestAgainstPattern checks that only sentences that contradict the pattern are
// listed, each with its circumstances.
func TestAgainstPattern(t *testing.T) {
	run := madeup.Scale(madeup.QuickRun(1), "leader", func(r *record.PhaseResult) { r.VoluntaryPerRequest *= 4 })
	var against []string
	for _, p := range findings.Paragraphs(findings.Arrange(run)) {
		against = append(against, againstPattern(p)...)
	}
	if len(against) != 2 { // one for each mode
		t.Fatalf("%q", against)
	}
	for _, s := range against {
		if !strings.HasPrefix(s, "With ") || !strings.Contains(s, " connections: It made ") || !strings.Contains(s, ": more, against what the pattern claims (ratio ") {
			t.Errorf("%q", s)
		}
	}
}

// TestPageFollowsTheData checks that other data give another page.
func TestPageFollowsTheData(t *testing.T) {
	dir := house(t)
	before, err := generate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, made("H10", 3, 8, 0.6), filepath.Join(dir, "h10"))
	after, err := generate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(after, []byte("| H10 | confirmed |")) || bytes.Contains(after, []byte("H10 (\"")) || bytes.Equal(before, after) {
		t.Errorf("leader became sooner and H10 is still contradicted")
	}
}

// TestPlacementIsAThreat checks that the page says where woken threads ran,
// from the runs that measured it, and does not mention it if none did.
func TestPlacementIsAThreat(t *testing.T) {
	dir := house(t)
	page := func() string {
		t.Helper()
		text, err := generate(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := page(); strings.Contains(text, "not everybody's") {
		t.Error("nobody looked where threads ran")
	}
	for i, stayed := range []float64{0.96, 0.04, 0.99} {
		r := made("H10", uint64(i+3), 8, 0.6)
		r.Manifest.Before.Placement = &machine.Placement{Wakes: 100, OnWakers: stayed, DelayP50Ns: 3500}
		r.Manifest.Before.BootParameters = []string{"psi=1", "sched_pack=15"}
		keep(t, r, filepath.Join(dir, fmt.Sprint("h10-", i)))
	}
	text := page()
	for _, part := range []string{"started with sched_pack=15, which", "4 to 99 %\n  of the wake-ups left it there before runs; a scheduler that looks"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	if strings.Contains(text, "psi=1") {
		t.Error("a parameter of every Linux is called foreign")
	}
}

func TestNothingToRead(t *testing.T) {
	if _, err := WriteReadme(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has a manifest.json") {
		t.Errorf("an empty directory: %v", err)
	}
	dir := t.TempDir()
	writeJSON(t, filepath.Join(dir, "broken", "manifest.json"), "no object")
	writeJSON(t, filepath.Join(dir, "broken", "trials", "x.json"), "nothing")
	if _, err := WriteReadme(dir); err == nil || !strings.Contains(err.Error(), "broken/manifest.json") {
		t.Errorf("a broken manifest alone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "README.md")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a page was written all the same: %v", err)
	}
}

// The page names runs that cannot be read and still has all others. It leaves
// out a directory with another program's manifest.json.
func TestDamagedRuns(t *testing.T) {
	dir := house(t)
	writeJSON(t, filepath.Join(dir, "broken", "manifest.json"), "no object")
	writeJSON(t, filepath.Join(dir, "broken", "trials", "x.json"), "nothing")
	writeJSON(t, filepath.Join(dir, "site", "manifest.json"), map[string]string{"name": "a web site"})
	files, err := filepath.Glob(filepath.Join(dir, "h2", "trials", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	if err := os.Truncate(files[0], 20); err != nil {
		t.Fatal(err)
	}
	text, err := generate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"\n## Left out\n\n- open results: read broken/manifest.json: ", "15 of 16 planned trials, 15 of them valid in every phase; 1 cannot be read",
		"5 results directories with 77 trials",
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	if strings.Contains(string(text), "site") {
		t.Error("a web site is among the results")
	}
}

func TestAgreement(t *testing.T) {
	of := func(os []record.Agreement, metric string) record.Agreement {
		i := slices.IndexFunc(os, func(o record.Agreement) bool { return o.Metric == metric })
		if i < 0 {
			t.Fatalf("no %s in %+v", metric, os)
		}
		return os[i]
	}
	a, b := made("H2", 1, 8, 0.7), made("H2", 2, 8, 0.7)
	if got, want := of(record.Agree(a, b), "D_p50_ns"), (record.Agreement{Metric: "D_p50_ns", Cells: 2, Overlapping: 2, Few: 0}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for i := range b.Trials { // make leader twice as fast in the second run
		if b.Trials[i].Cell["mpm"] == "leader" {
			b.Trials[i].Phases[0].D.P50 /= 2
		}
	}
	if got, want := of(record.Agree(a, b), "D_p50_ns"), (record.Agreement{Metric: "D_p50_ns", Cells: 2, Overlapping: 1, Few: 0}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := of(record.Agree(a, b), "D_p99_ns"), (record.Agreement{Metric: "D_p99_ns", Cells: 2, Overlapping: 2, Few: 0}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := of(record.Agree(made("", 1, 5, 1), a), "D_p50_ns"), (record.Agreement{Metric: "D_p50_ns", Cells: 0, Overlapping: 0, Few: 2}); got != want {
		t.Errorf("five trials: %+v, want %+v", got, want)
	}
	other := made("H2", 2, 8, 0.7)
	other.Manifest.SuiteDigest = "d2"
	if got := agreeText(&run{Name: "a", Data: a}, &run{Name: "b", Data: other}); !strings.Contains(got, "another state of the suite") {
		t.Errorf("%s", got)
	}
}

// TestCommittedPage checks that the committed page agrees with the data beside
// it. It reads only the directories that the page names, because a user may
// have others.
func TestCommittedPage(t *testing.T) {
	dir := filepath.Join("..", "..", "results")
	kept, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := bytes.Cut(kept, []byte("\n")); !bytes.HasPrefix(first, []byte(ReadmeMark)) {
		t.Skipf("results/README.md is not generated yet: its first line is %q, not %q", first, ReadmeMark+" …")
	}
	if testing.Short() {
		t.Skip("reading all results takes seconds")
	}
	if *update {
		if _, err := WriteReadme(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	var named []string
	for line := range strings.Lines(string(kept)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "## ")
		if info, err := os.Stat(filepath.Join(dir, name)); ok && err == nil && info.IsDir() {
			named = append(named, name)
		}
	}
	if want := fmt.Sprintf("%d results directories with ", len(named)); !strings.Contains(string(kept), want) {
		t.Fatalf("%d directories have a chapter in results/README.md, which counts others", len(named))
	}
	want, err := generate(dir, named)
	if err != nil {
		t.Fatal(err)
	}
	if line, g, w := differ(kept, want); line > 0 {
		t.Errorf("line %d of results/README.md is\n%s\nthe data say\n%s", line, g, w)
	}
}

// differ returns the number and the text of the first line in which two texts
// differ, or 0 if they are equal.
func differ(got, want []byte) (line int, g, w string) {
	gs, ws := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gs), len(ws)) {
		g, w = "", ""
		if i < len(gs) {
			g = gs[i]
		}
		if i < len(ws) {
			w = ws[i]
		}
		if g != w {
			return i + 1, g, w
		}
	}
	return 0, "", ""
}

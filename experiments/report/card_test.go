package report

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/figure"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
)

// The card has a line for each rule, with the mark of its outcome, its effect,
// and a plot whose claimed side is shaded.
func TestCardHasALineForEachRule(t *testing.T) {
	v := newView(madeup.RuledRun())
	c, j := v.card(), v.Judged()
	if c.Mark != "✘" || c.Class != "contradicted" || c.Headline != "H1: contradicted" || len(c.Lines) != len(j.Rules) || !c.Shaded {
		t.Fatalf("card %+v", c)
	}
	for i, l := range c.Lines {
		r := &j.Rules[i]
		if l.Outcome != r.Outcome || l.Mark != r.Outcome.Mark() || l.Effect == "" || l.Effect != r.Effect() {
			t.Errorf("line %+v of rule %s, %s", l, r.Rule.Title, r.Outcome)
		}
		if n := strings.Count(string(l.Plot), `class="claimed"`); n != len(verdict.ClaimedSide(r.Rule)) {
			t.Errorf("%s: %d shaded ranges", l.Title, n)
		}
		if n, want := strings.Count(string(l.Plot), "<circle"), min(mostPairs, len(r.Pairs)); n != want {
			t.Errorf("%s draws %d of %d pairs", l.Title, n, len(r.Pairs))
		}
	}
}

// A suite without rules has its promises as lines, one without those its
// comparisons, which nobody has judged.
func TestCardWithoutRules(t *testing.T) {
	run := madeup.QuickRun(1)
	c := newView(run).card()
	if len(c.Lines) == 0 || c.Mark != "" || c.Lines[0].Mark != "" || len(c.Means) != 1 || !strings.Contains(c.Means[0], "leader used 11 % less CPU time") {
		t.Errorf("comparisons: %+v", c)
	}
	run.Manifest.Ratios = []suite.Ratio{{Title: "median latency", Metric: "latency_p50_ns", Phase: "open", Axis: "mpm", Values: []string{"worker"}, Most: 0.01}}
	for _, tr := range run.Trials {
		run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{Cell: tr.Cell, Repetition: tr.Repetition})
	}
	c = newView(run).card()
	if len(c.Lines) == 0 || c.Lines[0].Mark != "✘" || !strings.Contains(c.Lines[0].Claimed, "at most 0.01") || len(c.Means) != 1 || !strings.Contains(c.Means[0], " 0 are kept, 8 are broken") {
		t.Errorf("promises: %+v, %q", c.Lines, c.Means)
	}
	run.Manifest.Ratios[0].Most = 0
	c = newView(run).card()
	for i, l := range c.Lines {
		if l.Mark != "" || l.Outcome != "" {
			t.Errorf("an unpromised ratio is judged: %+v", l)
		}
		var x, before float64
		if fmt.Sscan(l.Effect, &x); i > 0 {
			if fmt.Sscan(c.Lines[i-1].Effect, &before); distance(x) > distance(before)+0.01 {
				t.Errorf("%s stands after %s", l.Effect, c.Lines[i-1].Effect)
			}
		}
	}
	if len(c.Lines) != mostLines {
		t.Errorf("%d lines of ratios", len(c.Lines))
	}
}

func TestClientLineSaysWhichWay(t *testing.T) {
	r := &verdict.RuleResult{Outcome: verdict.Confirmed, Pairs: []verdict.Pair{{Of: verdict.End{Name: "leader"}, To: verdict.End{Name: "worker"}, Outcome: verdict.Confirmed}}}
	if got := clientLine(r); got != "" {
		t.Errorf("%q although nothing is known", got)
	}
	iv := func(lo, center, hi float64) stats.Interval {
		return stats.Interval{Lo: lo, Center: center, Hi: hi, N: 9, Confidence: 0.95}
	}
	r.Felt = []verdict.Felt{{Of: "p50", Ratio: iv(0.8, 0.9, 0.95)}, {Of: "mean", Ratio: iv(0.9, 1, 1.1)}, {Of: "p99", Ratio: iv(1.1, 1.2, 1.3)}}
	if got := clientLine(r); got != "leader / worker, ratio of latency: p50 0.900 [0.800, 0.950], mean 1.00 [0.90, 1.10], p99 1.20 [1.10, 1.30]: shorter in p50, longer in p99." {
		t.Error(got)
	}
	r.Felt, r.Mean = r.Felt[1:2], iv(0.9, 1, 1.1)
	if got := clientLine(r); !strings.HasSuffix(got, ": no difference shows. Of the mean dispatch latency the ratio is 1.00 [0.90, 1.10].") {
		t.Error(got)
	}
}

// What lies outside the scale is drawn at its end, with an arrow; what lies
// inside keeps its order.
func TestForestLineKeepsOrderAndShowsWhatLeavesIt(t *testing.T) {
	s := newRatioScale()
	s.include(stats.Interval{Lo: 0.5, Center: 0.7, Hi: 0.9, N: 9, Confidence: 0.95})
	last := -1.0
	for _, x := range []float64{0.5, 0.7, 0.9, 1, 1.25} {
		at, inside := s.at(x)
		if !inside || at <= last || at > 100 {
			t.Errorf("%g is at %g, inside %v, after %g", x, at, inside, last)
		}
		last = at
	}
	if at, inside := s.at(100); inside || at != 100 {
		t.Errorf("100 is at %g, inside %v", at, inside)
	}
	row := func(hi float64) string {
		return string(forestLine{Scale: s, Rows: []forestRow{{Of: stats.Interval{Lo: 0.6, Center: 0.8, Hi: hi, N: 9, Confidence: 0.95}}}}.svg("a < b"))
	}
	if in, out := row(0.9), row(90); strings.Contains(in, "<path") || strings.Count(out, "<path") != 1 || !strings.Contains(out, `aria-label="a &lt; b"`) {
		t.Errorf("inside %s\noutside %s", in, out)
	}
	for _, m := range regexp.MustCompile(`[xc]x?[12]?="(-?[0-9.]+)%"`).FindAllStringSubmatch(row(90), -1) {
		if x, err := strconv.ParseFloat(m[1], 64); err != nil || x < 0 || x > 100 {
			t.Errorf("coordinate %s leaves the line", m[0])
		}
	}
}

// A caption shows at most forty words, and no sentence of it is lost.
func TestCaptionsAreShortAndLoseNothing(t *testing.T) {
	for _, run := range []*record.Run{madeup.QuickRun(1), madeup.RuledRun(), madeup.ProbedRun(1), madeup.RateRun(), madeup.StepRun(1)} {
		figs, err := figure.New(run).Figures()
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, f := range figs {
			if f.Sheet != nil {
				texts = append(texts, f.Caption)
			}
		}
		shown, rest, shared := captions(texts)
		for i, text := range texts {
			if n := len(strings.Fields(shown[i])); n > mostWords {
				t.Errorf("%d words are shown: %s", n, shown[i])
			}
			parts := slices.Concat(sentences(shown[i]), sentences(rest[i]), shared)
			for _, s := range sentences(text) {
				if !slices.Contains(parts, s) {
					t.Errorf("%s: %q is lost", run.Manifest.Suite, s)
				}
			}
		}
		if machine := "AMD EPYC"; len(texts) > 1 && strings.Contains(texts[0], machine) && strings.Contains(strings.Join(slices.Concat(shown, rest), " "), machine) {
			t.Errorf("%s: the machine stands in a caption", run.Manifest.Suite)
		}
	}
}

// Every trial that measured a metric is a point. Its record is linked if it is a
// file.
func TestEachPointNamesItsTrial(t *testing.T) {
	run := madeup.RuledRun()
	v, dir := newView(run), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, record.TrialsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, record.TrialsDir, run.Trials[0].ID+".json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tables := v.pointTables(dir)
	if len(tables) != 3 {
		t.Fatalf("%d tables of points, want one for each rule", len(tables))
	}
	for _, table := range tables[:2] { // switches and CPU time, which every server has
		text, hollow := fmt.Sprint(table), 0
		for i, tr := range run.Trials {
			n := strings.Count(text, "<title>trial "+tr.ID+", block "+fmt.Sprint(tr.Repetition+1)+":")
			if want := min(1, len(tr.Phases)); n != want { // a trial that failed measured nothing
				t.Fatalf("%s: trial %s has %d points, want %d", table.Title, tr.ID, n, want)
			}
			if n == 1 && !tr.Counts("open") {
				hollow++
			}
			if linked := strings.Contains(text, `href="trials/`+tr.ID+`.json"`); linked != (i == 0) {
				t.Errorf("trial %d linked: %v", i, linked)
			}
		}
		if n := strings.Count(text, "hollow"); n != hollow || n == 0 {
			t.Errorf("%s: %d hollow points, %d trials do not count", table.Title, n, hollow)
		}
	}
}

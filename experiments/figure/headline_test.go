package figure

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
	"lflab/experiments/suite"
)

func TestHeadlinesAreThoseSuitesMayAskFor(t *testing.T) {
	figs, err := New(madeup.QuickRun(1)).Figures()
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, f := range figs {
		if f.Headline != "" {
			numbers = append(numbers, f.Headline)
		}
	}
	slices.Sort(numbers)
	if !slices.Equal(numbers, suite.FigureNames) {
		t.Errorf("headlines %q, suites may ask for %q", numbers, suite.FigureNames)
	}
}

func TestDraw(t *testing.T) {
	run := madeup.RateRun()
	for format, magic := range map[string]string{"svg": "<?xml", "pdf": "%PDF-", "png": "\x89PNG"} {
		byName, err := Draw(run, "model", format)
		if err != nil {
			t.Fatal(err)
		}
		byNumber, err := Draw(run, "F4", format)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(byName, []byte(magic)) || !bytes.Equal(byName, byNumber) {
			t.Errorf("%s: %d bytes by name and %d by number, or no %s", format, len(byName), len(byNumber), format)
		}
	}
	for _, c := range []struct{ name, format, want string }{
		{"F7", "svg", "no axis is spin"},
		{"nonsense", "svg", "overload (F9)"},
		{"F4", "gif", "svg, pdf or png"},
	} {
		if _, err := Draw(run, c.name, c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("draw %s as %s: %v, want %q", c.name, c.format, err, c.want)
		}
	}
}

// The captions of all figures name the machine, the number of processes, the
// load, and the trials left out.
func TestCaptionsOfHeadlines(t *testing.T) {
	for name, run := range madeup.HeadlineRuns() {
		v := New(run)
		figs, err := v.Figures()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figs {
			if f.Sheet == nil {
				continue
			}
			parts := []string{"Machine: AMD EPYC 9R45, 2 CPUs, Linux 6.18.44", "n = "}
			if len(v.Invalid()) > 0 {
				parts = append(parts, "ot count") // "Not counted" or "do not count"
			} else {
				parts = append(parts, "No trial was left out.")
			}
			if len(run.Manifest.Phases) > 0 && run.Manifest.Phases[0].Step == nil && name != "handoff" {
				parts = append(parts, " loop")
			}
			for _, part := range parts {
				if !strings.Contains(f.Caption, part) {
					t.Errorf("%s: caption of %s does not say %q: %s", name, f.Name, part, f.Caption)
				}
			}
		}
	}
}

// The figure has the model's lines beside the measured points, and the caption
// says how far apart they are.
func TestModelFigureShowsPredictionAndResidual(t *testing.T) {
	for _, c := range []struct {
		run    *record.Run
		of     prediction
		points int
	}{{madeup.RateRun(), byRate, 5}, {madeup.PairRun(), bySpacing, 6}} {
		v := New(c.run)
		axis, _ := v.Axis(c.of.axis)
		fits, err := c.of.predict(c.run, c.run.Manifest.Phases[0].Name)
		if err != nil {
			t.Fatal(err)
		}
		panels := v.Combinations(v.Group, axis.Name)
		if len(panels) != 1 {
			t.Fatalf("%d panels", len(panels))
		}
		ss, sentences := v.predictedSeries(c.of, axis, v.Phases[0], panels[0], fits)
		for _, s := range ss {
			if len(s.Points) != c.points {
				t.Errorf("%s, %s: %d points", c.of.axis, s.Name, len(s.Points))
			}
			if predicted := s.Name != "kernel"; predicted != (len(s.Curve) > 20) || predicted != s.Loose {
				t.Errorf("%s, %s: a curve of %d places", c.of.axis, s.Name, len(s.Curve))
			}
		}
		figs, err := v.Figures()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(figs, func(f Figure) bool { return f.Headline == "F4" })
		if len(sentences) < 2 || !strings.Contains(figs[i].Caption, sentences[0][1:]) || !strings.Contains(figs[i].Caption, "the predicted") {
			t.Errorf("%s: the caption does not say the residual (%v): %s", c.of.axis, sentences, figs[i].Caption)
		}
	}
}

func TestGapShares(t *testing.T) {
	v := New(madeup.RateRun())
	p := v.Panels[0] // 1,000/s: 25 of 1,000 connections found no thread armed
	if got, ok := v.armed(v.Phases[0], p, "leader"); !ok || got != 0.975 {
		t.Errorf("armed %v %v, want 0.975", got, ok)
	}
	if v.gapSource() != "probe.G" || New(madeup.QuickRun(1)).gapSource() != "G" {
		t.Error("the gap comes from the wrong source")
	}
	g := gapShares{subject: "leader", armed: 0.975, none: 0.004, hasArmed: true, hasNone: true}
	if got := g.String(); got != "leader  98 / 99.6 / 0.4 %" {
		t.Errorf("shares %q", got)
	}
}

func TestServedByRank(t *testing.T) {
	run := madeup.OrderRun()
	v := New(run)
	ranks, gini := v.served("open", record.Cell{"order": "lifo", "threads": "8"})
	if len(ranks) != 8 || ranks[0].Of.Center < 4*ranks[3].Of.Center || gini.Center < 0.5 {
		t.Errorf("%d ranks, the first %v, the fourth %v, Gini %v", len(ranks), ranks[0].Of, ranks[3].Of, gini)
	}
	_, even := v.served("open", record.Cell{"order": "fifo", "threads": "8"})
	if even.Hi >= gini.Lo {
		t.Errorf("Gini %v of fifo, %v of lifo", even, gini)
	}
}

func TestNumbersOfAxes(t *testing.T) {
	for value, want := range map[string]float64{"3000": 3000, "2us": 2, "0s": 0, "1.5ms": 1500} {
		if got, ok := findings.NumberOf(value); !ok || got != want {
			t.Errorf("%s is %v, want %v", value, got, want)
		}
	}
	if _, ok := findings.NumberOf("lifo"); ok {
		t.Error("lifo is a number")
	}
}

// Figures of a grid of many conditions show only the ends of axes of numbers,
// and their captions say so.
func TestFiguresShowTheEndsOfLongAxes(t *testing.T) {
	v := New(madeup.WorkRun()) // 2 modes, 5 amounts of work, 3 numbers of threads
	if len(v.Panels) != 30 {
		t.Fatalf("%d panels", len(v.Panels))
	}
	kept, few := v.outermost(maxPanels)
	if len(kept) != 8 || few != "Of more cells are shown: work = 0 and 1000; threads = 2 and 32." {
		t.Errorf("%d panels are kept: %s", len(kept), few)
	}
	if kept, few := v.outermost(30); len(kept) != 30 || few != "" {
		t.Errorf("%d panels are kept although there is room: %s", len(kept), few)
	}
	figs, err := v.Figures()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(figs, func(f Figure) bool { return f.Name == "cpu" })
	tiles := 0
	for _, row := range figs[i].Sheet.Rows {
		for _, tile := range row {
			if tile.Plot != nil {
				tiles++
			}
		}
	}
	if tiles != 8 || !strings.Contains(figs[i].Caption, few) {
		t.Errorf("%d panels of CPU time, and the caption %s", tiles, figs[i].Caption)
	}
}

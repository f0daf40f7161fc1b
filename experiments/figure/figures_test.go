package figure

import (
	"slices"
	"strings"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/plot"
	"lflab/experiments/record"
)

// Both axes have a name, and a unit if the quantity has one.
func TestEveryPanelNamesItsAxes(t *testing.T) {
	for _, run := range []*record.Run{madeup.QuickRun(1), madeup.ProbedRun(1), madeup.HandoffRun(4), madeup.StepRun(1)} {
		figs, err := New(run).Figures()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figs {
			if f.Sheet == nil {
				continue
			}
			if f.Caption == "" || f.Title == "" {
				t.Errorf("%s has no caption or title", f.Name)
			}
			if f.Sheet.Width != plot.OneColumn && f.Sheet.Width != plot.TwoColumns {
				t.Errorf("%s is %v wide, neither one column nor two", f.Name, f.Sheet.Width)
			}
			for _, row := range f.Sheet.Rows {
				for _, tile := range row {
					if tile.Plot == nil {
						continue
					}
					x := tile.Plot.X.Label.Text
					unitless := slices.Contains([]string{"switches", "economy"}, f.Name)
					if f.Headline != "F1" && (x == "" || !strings.Contains(x, "(") && !unitless) {
						t.Errorf("%s: x axis %q has no unit", f.Name, x)
					}
					if y := tile.Plot.Y.Label.Text; y == "" && len(tile.Plot.Y.Tick.Marker.Ticks(0, 1)) == 0 {
						t.Errorf("%s: y axis names nothing", f.Name)
					}
				}
			}
		}
	}
}

func TestCaptionsStateTheConditions(t *testing.T) {
	figs, err := New(madeup.ProbedRun(1)).Figures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figs {
		if f.Silent { // needs a server with a flight recorder
			continue
		}
		if f.Missing != "" {
			t.Errorf("%s is missing: %s", f.Name, f.Missing)
		}
		for _, part := range []string{"open loop", "Poisson", "3,000", "6,000", "n = 9 to 10 processes",
			"event, closing connections, repetition 4 (invalid)", "goroutine, keep-alive connections, repetition 6 (failed)"} {
			if !strings.Contains(f.Caption, part) {
				t.Errorf("caption of %s does not say %q: %s", f.Name, part, f.Caption)
			}
		}
	}
}

func TestInvalidTrialsDoNotCount(t *testing.T) {
	v := New(madeup.QuickRun(1))
	m := findings.MetricOf(findings.KeyCPU)
	s := v.Sample("open", v.Panels[0], "event", m)
	if len(s.Valid) != 9 || len(s.Invalid) != 1 {
		t.Errorf("%d values count and %d do not, want 9 and 1", len(s.Valid), len(s.Invalid))
	}
	if _, there := s.ByBlock[3]; there || len(s.ByBlock) != 9 {
		t.Errorf("blocks %v hold the invalid trial", s.ByBlock)
	}
	if hs := v.Histograms("open", v.Panels[0], "event", "H"); len(hs) != 9 {
		t.Errorf("%d histograms count, want 9", len(hs))
	}
}

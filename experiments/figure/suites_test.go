package figure

import (
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/madeup"
	"lflab/experiments/suite"
)

// Every suite measures the values that the figures it asks for need.
func TestSuitesGetTheFiguresTheyAskFor(t *testing.T) {
	all, err := suite.All()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, s := range all {
		if len(s.Claim.Figures) == 0 {
			continue
		}
		figs, err := New(madeup.SuiteRun(s)).Figures()
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		for at, number := range s.Claim.Figures {
			asked++
			i := slices.IndexFunc(figs, func(f Figure) bool { return f.Headline == number })
			if i < 0 || figs[i].Sheet == nil {
				t.Errorf("%s asks for %s: %s", s.Name, number, figs[i].Missing)
			} else if i != at {
				t.Errorf("%s: %s is figure %d", s.Name, number, i+1)
			}
		}
		if figs[0].Sheet == nil {
			continue
		}
		if h := figs[0].Sheet.Height(); h > 297*vg.Millimeter {
			t.Errorf("%s: the first figure is %.0f mm high", s.Name, float64(h)*25.4/72)
		}
	}
	if asked < 5 {
		t.Errorf("suites ask for %d figures in all", asked)
	}
}

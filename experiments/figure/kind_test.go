package figure

import (
	"image/color"
	"math"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/probe/stage"
)

// lightness returns CIE L*, which is what a grey print keeps of a colour.
func lightness(c color.NRGBA) float64 {
	linear := func(c uint8) float64 {
		x := float64(c) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 116*math.Cbrt(0.2126*linear(c.R)+0.7152*linear(c.G)+0.0722*linear(c.B)) - 16
}

// Every stage of the probe has a kind.
func TestEveryStageOfTheProbeHasAKind(t *testing.T) {
	used := map[string]bool{}
	for _, tag := range []string{"D", "H", "G"} {
		for _, key := range stage.Keys(tag) {
			name := findings.StageName(tag, key)
			if kindOf(name) == nil {
				t.Errorf("stage %s of %s has no kind", key, tag)
			}
			used[name] = true
		}
	}
	for _, one := range stage.User {
		if one.Group == stage.UserG || one.Name == "total" { // no figure shows those
			continue
		}
		name := findings.StageName(string(one.Group[:1]), one.Name)
		if kindOf(name) == nil {
			t.Errorf("stage %s of %s has no kind", one.Name, one.Group)
		}
		used[name] = true
	}
	for _, k := range kinds {
		for _, name := range k.stages {
			if !used[name] {
				t.Errorf("the probe has no stage that is called %s in figures", name)
			}
		}
	}
}

// Kinds of a family differ in lightness, and families in hatch, so that
// colour-blind readers and readers of grey prints can tell them apart.
func TestKindsAreToldApartInGrey(t *testing.T) {
	hatches := map[plot.Hatch]family{}
	last := map[family]float64{}
	check := func(name string, f family, look plot.Fill) {
		if other, taken := hatches[look.Hatch]; taken && other != f {
			t.Errorf("%s: families %q and %q share a hatch", name, f.title(), other.title())
		}
		hatches[look.Hatch] = f
		l := lightness(look.Color)
		if before, ok := last[f]; ok && l < before+9 {
			t.Errorf("%s is not clearly lighter (L* %.0f) than the one before it in its family (%.0f)", name, l, before)
		}
		last[f] = l
		if look.Hatch != plot.Plain && math.Abs(l-lightness(look.Lines)) < 20 {
			t.Errorf("%s: its hatch does not show (L* %.0f on %.0f)", name, lightness(look.Lines), l)
		}
	}
	for _, k := range kinds {
		check(k.stages[0], k.family, k.fill)
	}
}

// The stages of a hand-off look the same in every sum, and unlike those of the
// wake-up that the socket's readiness causes.
func TestHandoffsLookAlikeInAllSums(t *testing.T) {
	for _, c := range []struct{ tag, key string }{{"H", "waking-wakeup"}, {"G", "G.waking-wakeup"}, {"D", "D.pass-waking-wakeup"}} {
		if k := kindOf(findings.StageName(c.tag, c.key)); k == nil || k.family != handoff {
			t.Errorf("%s of %s is not of the hand-off: %+v", c.key, c.tag, k)
		}
	}
	if k := kindOf(findings.StageName("D", "D.waking-wakeup")); k == nil || k.family != readiness {
		t.Errorf("D.waking-wakeup is not of the readiness: %+v", k)
	}
}

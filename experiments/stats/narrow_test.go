package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		iv       Interval
		relative float64
		want     bool
	}{
		{Interval{100, 96, 104, 8, 0.96}, 0.05, true},
		{Interval{100, 96, 106, 8, 0.96}, 0.05, false}, // the end further from the centre counts
		{Interval{-100, -104, -96, 8, 0.96}, 0.05, true},
		{Interval{100, 100, 100, 5, 0.9375}, 0.05, false}, // too few values, however close
		{Interval{0, -1, 1, 8, 0.96}, 0.05, false},
		{Interval{0, 0, 0, 8, 0.96}, 0.05, true},
		{none(), 0.05, false},
	} {
		if got := Narrow(c.iv, c.relative); got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.iv, c.relative, got, c.want)
		}
	}
}

// TestStoppingCovers measures until the interval is narrow at two looks in a
// row, and asks how often it contains the truth then, for quiet and noisy
// values and for two kinds of noise.
func TestStoppingCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 4))
	rounds := scaled(1000, 20_000)
	for _, spread := range []float64{0.03, 0.05, 0.07, 0.1} {
		for name, noise := range map[string]func() float64{"normal": rng.NormFloat64, "skewed": func() float64 { return rng.ExpFloat64() - math.Ln2 }} {
			covered, ended := 0, 0
			for range rounds {
				var xs []float64
				looks := 0
				for len(xs) < 60 && looks < 2 {
					if xs = append(xs, 100*math.Exp(spread*noise())); len(xs) < FewestLooks-1 {
						continue
					}
					if looks++; !Narrow(Summarise(xs), NarrowEnough) {
						looks = 0
					}
				}
				if ended++; Summarise(xs).Contains(100) {
					covered++
				}
			}
			if share := float64(covered) / float64(ended); share < 0.94-2*math.Sqrt(0.06*0.94/float64(ended)) {
				t.Errorf("%s noise of %g: covered the truth in %.3f of %d rounds, want 0.94", name, spread, share, ended)
			}
		}
	}
}

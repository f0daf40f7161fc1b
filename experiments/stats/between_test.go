package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Runs that differ by a known amount show it, and runs that do not show none.
func TestBetweenRunsFindsTheVariances(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for _, between := range []float64{0, 0.1, 0.3} {
		var sum, within float64
		const rounds = 60
		for range rounds {
			var effects []Effect
			for range 12 {
				run := between * rng.NormFloat64()
				a, b := map[int]float64{}, map[int]float64{}
				for block := range 15 {
					a[block], b[block] = math.Exp(run+0.08*rng.NormFloat64()), 1
				}
				effects = append(effects, RatioPaired(a, b))
			}
			x := BetweenRuns(effects)
			if x.Runs != 12 {
				t.Fatalf("%+v", x)
			}
			sum += x.Between * x.Between / rounds
			within += x.Within / rounds
		}
		if got := math.Sqrt(sum); math.Abs(got-between) > 0.02 {
			t.Errorf("between runs %.3f, want %.3f", got, between)
		}
		if math.Abs(within-0.08) > 0.005 {
			t.Errorf("within runs %.3f, want 0.08", within)
		}
	}
}

func TestBetweenRunsOfFew(t *testing.T) {
	one := RatioPaired(byBlock([]float64{1, 2, 3}), byBlock([]float64{1, 1, 1}))
	if b := BetweenRuns([]Effect{one, {}}); b.Runs != 1 || !math.IsNaN(b.Between) || math.IsNaN(b.Within) {
		t.Errorf("one run: %+v", b)
	}
	if b := BetweenRuns(nil); b.Runs != 0 || !math.IsNaN(b.Within) {
		t.Errorf("none: %+v", b)
	}
	alike := RatioPaired(byBlock([]float64{2, 2, 2}), byBlock([]float64{1, 1, 1}))
	if b := BetweenRuns([]Effect{alike, alike}); b.Between != 0 || b.Within != 0 {
		t.Errorf("runs without spread: %+v", b)
	}
}

package stats

import (
	"math"
	"testing"
)

// An example from the literature: 0.01, 0.04, 0.03, 0.005.
func TestHolm(t *testing.T) {
	ps := []float64{0.01, 0.04, 0.03, 0.005, math.NaN()}
	got := Holm(ps)
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("p = %v becomes %v, want %v", ps[i], got[i], want)
		}
	}
	if !math.IsNaN(got[4]) {
		t.Errorf("NaN becomes %v", got[4])
	}
	if ps[0] != 0.01 {
		t.Error("input was changed")
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("large values become %v, want 1", got)
	}
}

package stats

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestGiniOfKnownShares(t *testing.T) {
	one := make([]float64, 16)
	one[5] = 42
	for name, c := range map[string]struct {
		values []float64
		want   float64
	}{
		"equal":          {[]float64{3, 3, 3, 3}, 0},
		"one has it all": {one, 15.0 / 16},
		"1 to n":         {ranks(25), 24.0 / 75}, // (n-1)/3n
		"alone":          {[]float64{7}, 0},
		"with a gap":     {[]float64{1, math.NaN(), 3}, 0.25},
	} {
		before := slices.Clone(c.values)
		if got := Gini(c.values); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if c.values[0] != before[0] {
			t.Errorf("%s: input was changed", name)
		}
	}
	for _, xs := range [][]float64{nil, {0, 0}, {1, -1}} {
		if got := Gini(xs); !math.IsNaN(got) {
			t.Errorf("of %v: %v, want no number", xs, got)
		}
	}
}

// Gini coefficients known in closed form: 1/3 for the uniform law, 1/2 for the
// exponential, 1/(2a-1) for Pareto's, erf(s/2) for the lognormal.
func TestGiniOfKnownLaws(t *testing.T) {
	const n = 200_000
	for name, c := range map[string]struct {
		law  interface{ Quantile(p float64) float64 }
		want float64
	}{
		"uniform":     {distuv.Uniform{Min: 0, Max: 1}, 1.0 / 3},
		"exponential": {distuv.Exponential{Rate: 2}, 0.5},
		"pareto":      {pareto(3), 0.2},
		"lognormal":   {distuv.LogNormal{Mu: 1, Sigma: 0.8}, math.Erf(0.4)},
	} {
		values := make([]float64, n)
		for i := range values {
			values[i] = c.law.Quantile((float64(i) + 0.5) / n)
		}
		if got := Gini(values); math.Abs(got-c.want) > 1e-3 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// pareto is the Pareto law with this exponent, for values of at least 1.
type pareto float64

func (a pareto) Quantile(p float64) float64 { return math.Pow(1-p, -1/float64(a)) }

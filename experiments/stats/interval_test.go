package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The ranks for a 95 % interval of the median, as textbooks print them.
func TestSummariseTakesTheRanksOfThePublishedTable(t *testing.T) {
	for _, c := range []struct{ n, lo, hi int }{
		{6, 1, 6}, {7, 1, 7}, {8, 1, 8}, {9, 2, 8}, {10, 2, 9}, {11, 2, 10}, {12, 3, 10}, {13, 3, 11}, {14, 3, 12}, {15, 4, 12}, {16, 4, 13}, {17, 5, 13}, {18, 5, 14}, {19, 5, 15}, {20, 6, 15}, {25, 8, 18},
	} {
		iv := Summarise(ranks(c.n))
		if iv.Lo != float64(c.lo) || iv.Hi != float64(c.hi) {
			t.Errorf("n=%d: interval [%v, %v], want ranks %d and %d", c.n, iv.Lo, iv.Hi, c.lo, c.hi)
		}
		if want := float64(c.n+1) / 2; iv.Center != want || iv.N != c.n {
			t.Errorf("n=%d: centre %v of %d values, want %v", c.n, iv.Center, iv.N, want)
		}
	}
}

// Mirrored values have the mirrored interval, whatever their number.
func TestSummariseIsSymmetric(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 60; n++ {
		xs, mirrored := make([]float64, n), make([]float64, n)
		for i := range xs {
			xs[i] = rng.ExpFloat64()
			mirrored[i] = -xs[i]
		}
		a, b := Summarise(xs), Summarise(mirrored)
		if a.Lo != -b.Hi || a.Hi != -b.Lo || a.Center != -b.Center || a.Confidence != b.Confidence {
			t.Errorf("n=%d: %+v and, mirrored, %+v", n, a, b)
		}
	}
}

func TestSummariseReachesWhatItClaims(t *testing.T) {
	for n := 1; n <= 40; n++ {
		iv := Summarise(ranks(n))
		// The median lies in [x(lo), x(hi)] if lo to hi-1 of n fair coins show
		// heads.
		coins := distuv.Binomial{N: float64(n), P: 0.5}
		exact := coins.CDF(iv.Hi-1) - coins.CDF(iv.Lo-1)
		if math.Abs(iv.Confidence-exact) > 1e-9 {
			t.Errorf("n=%d: confidence %v, exactly %v", n, iv.Confidence, exact)
		}
		if iv.Enough() != (n >= 6) {
			t.Errorf("n=%d: enough = %v", n, iv.Enough())
		}
	}
}

func TestSummariseWithFewValuesGivesTheirRange(t *testing.T) {
	iv := Summarise([]float64{3, 1, 2})
	if iv != (Interval{Center: 2, Lo: 1, Hi: 3, N: 3, Confidence: 0.75}) {
		t.Errorf("got %+v", iv)
	}
	if iv := Summarise(nil); iv.N != 0 || !math.IsNaN(iv.Center) {
		t.Errorf("of nothing: %+v", iv)
	}
}

func TestSummariseLeavesItsInputAlone(t *testing.T) {
	xs := []float64{3, math.NaN(), 1, math.Inf(1), 2}
	if iv := Summarise(xs); iv.N != 3 || iv.Center != 2 {
		t.Errorf("got %+v", iv)
	}
	if xs[0] != 3 || xs[2] != 1 || xs[4] != 2 {
		t.Errorf("input is now %v", xs)
	}
}

// A simulation of how often the interval contains the median, for a skewed law
// with a known median.
func TestSummariseCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const rounds = 4000
	covered := 0
	for range rounds {
		xs := make([]float64, 6)
		for i := range xs {
			xs[i] = rng.ExpFloat64()
		}
		if Summarise(xs).Contains(math.Ln2) {
			covered++
		}
	}
	if share := float64(covered) / rounds; math.Abs(share-0.96875) > 0.012 {
		t.Errorf("covered %.3f of the rounds, want 0.969", share)
	}
}

func TestIntervalString(t *testing.T) {
	for _, c := range []struct {
		iv   Interval
		want string
	}{
		{Interval{24.12, 23.8, 24.61, 6, 0.97}, "24.1 [23.8, 24.6]"},
		{Interval{0.8912, 0.87, 0.92, 6, 0.97}, "0.891 [0.870, 0.920]"},
		{Interval{1.27, 0.96, 191, 6, 0.97}, "1.27 [0.96, 191.00]"},
		{Interval{1, 0.9996, 1.0003, 9, 0.96}, "1.0000 [0.9996, 1.0003]"},
		{Interval{1, 1, 1, 9, 0.96}, "1.00 [1.00, 1.00]"},
		{Interval{0.8912, 0.87, 0.92, 4, 0.875}, "0.891 (n = 4)"},
		{Interval{0.02512, 0.024, 0.026, 9, 0.96}, "0.0251 [0.0240, 0.0260]"},
		{Interval{15178, 14000, 20000, 6, 0.97}, "15178 [14000, 20000]"},
		{Interval{0, 0, 0, 6, 0.97}, "0 [0, 0]"},
		{none(), "-"},
	} {
		if got := c.iv.String(); got != c.want {
			t.Errorf("%+v prints %q, want %q", c.iv, got, c.want)
		}
	}
}

// ranks returns 1 to n in random order.
func ranks(n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = float64(i + 1)
	}
	slices.Reverse(xs)
	return xs
}

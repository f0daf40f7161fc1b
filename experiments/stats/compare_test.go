package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"golang.org/x/perf/benchmath"
)

// Compares with the definition: all ways to distribute the pooled values over
// both samples.
func TestCompareIsTheExactPermutationTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for round := range 60 {
		a, b := make([]float64, 2+rng.IntN(5)), make([]float64, 2+rng.IntN(5))
		for _, xs := range [][]float64{a, b} {
			for i := range xs {
				xs[i] = rng.Float64()
				if round%2 == 0 { // produces ties
					xs[i] = float64(rng.IntN(5))
				}
			}
		}
		if got, want := Compare(a, b), permutationP(a, b); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v against %v: p = %v, by counting %v", a, b, got, want)
		}
	}
}

func TestCompareKnownValues(t *testing.T) {
	low, high := []float64{1, 2, 3, 4, 5, 6}, []float64{7, 8, 9, 10, 11, 12}
	if p := Compare(low, high); math.Abs(p-2.0/924) > 1e-12 {
		t.Errorf("six below six: p = %v, want 2/924", p)
	}
	if p := Compare(low, low); p < 0.99 {
		t.Errorf("equal samples: p = %v", p)
	}
	for _, b := range [][]float64{nil, {1}} {
		if p := Compare([]float64{1, 1, 1}, b); p != 1 {
			t.Errorf("against %v: p = %v, want 1", b, p)
		}
	}
}

// The printed table of the Mann-Whitney U test at 5 %, two-sided: the largest
// significant U.
func TestCompareTakesThePublishedTable(t *testing.T) {
	for _, c := range []struct{ na, nb, critical int }{
		{4, 4, 0}, {5, 5, 2}, {6, 6, 5}, {7, 7, 8}, {8, 8, 13}, {9, 9, 17}, {10, 10, 23},
		{12, 12, 37}, {15, 15, 64}, {20, 20, 127}, {5, 8, 6}, {6, 10, 11}, {8, 20, 41},
	} {
		if p := Compare(withU(c.na, c.nb, c.critical)); p > Alpha+1e-12 {
			t.Errorf("%d and %d values, U = %d: p = %v, want 5 %% or less", c.na, c.nb, c.critical, p)
		}
		if p := Compare(withU(c.na, c.nb, c.critical+1)); p <= Alpha+1e-12 {
			t.Errorf("%d and %d values, U = %d: p = %v, want more than 5 %%", c.na, c.nb, c.critical+1, p)
		}
	}
}

// withU makes two samples without ties in which exactly u pairs have the larger
// value in the first sample.
func withU(na, nb, u int) (a, b []float64) {
	for i := range nb {
		b = append(b, float64(i+1))
	}
	for i := range na {
		above := min(u, nb)
		u -= above
		a = append(a, float64(above)+0.5+float64(i)/1000)
	}
	return a, b
}

// Without ties the table of x/perf is right, and above the limit of exact
// counting Compare uses it.
func TestCompareAgreesWithBenchmath(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{3, 6, 12, 25, 26} {
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = rng.NormFloat64(), rng.NormFloat64()+0.5
		}
		got := Compare(a, b)
		th := benchmath.DefaultThresholds
		want := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &th), benchmath.NewSample(b, &th)).P
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("n=%d: p = %v, benchmath %v", n, got, want)
		}
	}
}

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

// permutationP counts the splits of the pooled values whose U is at least as
// extreme, and doubles the smaller tail.
func permutationP(a, b []float64) float64 {
	pool := append(append([]float64{}, a...), b...)
	u := func(mask uint) (u float64) {
		for i := range pool {
			for j := range pool {
				if mask>>i&1 == 1 && mask>>j&1 == 0 {
					switch {
					case pool[i] > pool[j]:
						u++
					case pool[i] == pool[j]:
						u += 0.5
					}
				}
			}
		}
		return u
	}
	seen := u(1<<len(a) - 1)
	var below, above, total float64
	for mask := uint(0); mask < 1<<len(pool); mask++ {
		if bits.OnesCount(mask) != len(a) {
			continue
		}
		total++
		if x := u(mask); x <= seen {
			below++
			if x == seen {
				above++
			}
		} else {
			above++
		}
	}
	return min(1, 2*min(below, above)/total)
}

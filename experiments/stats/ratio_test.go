package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRatioIsOfMedians(t *testing.T) {
	a := []float64{11, 12, 13, 14, 15, 16}
	b := []float64{21, 22, 23, 24, 25, 26}
	r := Ratio(a, b)
	if want := 13.5 / 23.5; math.Abs(r.Center-want) > 1e-12 {
		t.Errorf("centre %v, want %v", r.Center, want)
	}
	if r.Lo < 11.0/26 || r.Hi > 16.0/21 || r.Lo >= r.Center || r.Hi <= r.Center {
		t.Errorf("interval [%v, %v] around %v", r.Lo, r.Hi, r.Center)
	}
	if r != Ratio(a, b) {
		t.Error("equal input gave another interval")
	}
}

// With six values each, counting yields the exact law of a resampled median.
// The bootstrap's quantiles must equal those of that law.
func TestRatioMatchesTheExactBootstrapLaw(t *testing.T) {
	a := []float64{1, 2, 3} // 27 resamples of three: all can be listed
	var all []float64
	for i := range 27 {
		all = append(all, middle(a[i%3], a[i/3%3], a[i/9]))
	}
	counts := map[float64]int{}
	for _, m := range all {
		counts[m]++
	}
	rng := rand.New(rand.NewPCG(1, 2))
	dst := make([]float64, 3)
	got := map[float64]int{}
	const draws = 27_000
	for range draws {
		got[redraw(rng, dst, a)]++
	}
	for m, n := range counts {
		if share, want := float64(got[m])/draws, float64(n)/27; math.Abs(share-want) > 0.012 {
			t.Errorf("median %v drawn in %.3f of the resamples, exactly %.3f", m, share, want)
		}
	}
}

func TestRatioCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rounds := scaled(50, 150)
	for _, n := range []int{6, 12} {
		covered := 0
		for range rounds {
			a, b := make([]float64, n), make([]float64, n)
			for i := range a {
				a[i] = 20 * math.Exp(0.05*rng.NormFloat64())
				b[i] = 25 * math.Exp(0.05*rng.NormFloat64())
			}
			if Ratio(a, b).Contains(0.8) {
				covered++
			}
		}
		within(t, covered, rounds)
	}
}

func TestRatioOfFewValuesIsHonest(t *testing.T) {
	r := Ratio([]float64{2, 3, 4}, []float64{1, 2, 4})
	want := Interval{Center: 1.5, Lo: 2.0 / 4, Hi: 4.0 / 1, N: 3, Confidence: 0.5}
	if r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	if r := Ratio([]float64{1}, []float64{2}); r.Confidence != 0 || r.Center != 0.5 {
		t.Errorf("of one value each: %+v", r)
	}
	for _, b := range [][]float64{nil, {0, 0}} {
		if r := Ratio([]float64{1, 2}, b); r.N != 0 || !math.IsNaN(r.Center) {
			t.Errorf("over %v: %+v", b, r)
		}
	}
}

func TestRatioPairedCancelsDrift(t *testing.T) {
	a, b := map[int]float64{}, map[int]float64{}
	for block := range 6 {
		drift := float64(1 + block*block)
		a[block], b[block] = 9*drift, 10*drift
	}
	a[17] = 1 // has no partner
	b[18] = 1
	r := RatioPaired(a, b)
	if r.N != 6 || math.Abs(r.Center-0.9) > 1e-12 || r.Hi-r.Lo > 1e-12 {
		t.Errorf("got %+v, want 0.9 in all six blocks", r)
	}
	as, bs := values(a), values(b)
	if u := Ratio(as, bs); u.Hi-u.Lo < 0.5 {
		t.Errorf("unpaired %+v: the drift should show", u)
	}
}

func values(m map[int]float64) (xs []float64) {
	for block := range 6 {
		xs = append(xs, m[block])
	}
	return xs
}

func middle(x, y, z float64) float64 {
	return max(min(x, y), min(max(x, y), z))
}

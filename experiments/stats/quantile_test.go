package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// If all processes have equally many requests, the quantile of the mixture is
// that of all requests together, which a sort yields.
func TestQuantileIsThatOfAllRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 41))
	var hs []*hdrhistogram.Histogram
	var all []float64
	for i := range 5 {
		h := histogram(t)
		for range 200 {
			v := rng.Int64N(1000) + int64(100*i) // below 2048 a histogram is exact
			if err := h.RecordValue(v); err != nil {
				t.Fatal(err)
			}
			all = append(all, float64(v))
		}
		hs = append(hs, h)
	}
	slices.Sort(all)
	for _, p := range []float64{0.001, 0.25, 0.5, 0.9, 0.99, 0.999} {
		want := all[int(math.Ceil(p*1000-1e-9))-1]
		if got := Quantile(append(hs, nil, histogram(t)), p); got.Center != want || got.N != 5 {
			t.Errorf("p=%v: %v of %d processes, want %v of 5", p, got.Center, got.N, want)
		}
	}
}

// One process in six is slow. A thousand times as many requests of it change
// nothing, and the tail of the mixture is that of the slow process.
func TestQuantileWeighsProcessesTheSame(t *testing.T) {
	var hs []*hdrhistogram.Histogram
	for range 5 {
		hs = append(hs, histogram(t, 100, 100, 100, 100))
	}
	slow := histogram(t)
	if err := slow.RecordValues(900, 4000); err != nil {
		t.Fatal(err)
	}
	hs = append(hs, slow)
	if got := Quantile(hs, 0.8); got.Center != 100 || got.Hi != 900 {
		t.Errorf("at 0.8: %+v, want 100, up to 900", got)
	}
	if got := Quantile(hs, 0.9); got.Center != 900 || got.Lo != 100 || !got.Enough() {
		t.Errorf("at 0.9: %+v, want 900, from 100", got)
	}
}

// requests draws the lognormal request times of a process with a level of its
// own.
func requests(t *testing.T, rng *rand.Rand, level float64) *hdrhistogram.Histogram {
	h := histogram(t)
	for range 300 {
		if err := h.RecordValue(int64(level * math.Exp(0.3*rng.NormFloat64()))); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestQuantileRatiosCover(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 42))
	rounds := scaled(50, 150)
	single, apart, paired := 0, 0, 0
	// The 0.9-quantile over all processes: both spreads are normal in the
	// logarithm.
	truth := 1000 * math.Exp(1.2815516*math.Hypot(0.3, 0.1))
	for range rounds {
		var as, bs []*hdrhistogram.Histogram
		am, bm := map[int]*hdrhistogram.Histogram{50: histogram(t)}, map[int]*hdrhistogram.Histogram{50: histogram(t, 1)}
		for block := range 8 {
			as = append(as, requests(t, rng, 1000*math.Exp(0.1*rng.NormFloat64())))
			bs = append(bs, requests(t, rng, 1250*math.Exp(0.1*rng.NormFloat64())))
			drift := math.Exp(0.4 * rng.NormFloat64())
			am[block] = requests(t, rng, 1000*drift*math.Exp(0.02*rng.NormFloat64()))
			bm[block] = requests(t, rng, 1250*drift*math.Exp(0.02*rng.NormFloat64()))
		}
		if Quantile(as, 0.9).Contains(truth) {
			single++
		}
		if QuantileRatio(as, bs, 0.9).Contains(0.8) {
			apart++
		}
		if iv := QuantileRatioPaired(am, bm, 0.9); iv.Contains(0.8) && iv.N == 8 {
			paired++
		}
	}
	for _, covered := range []int{single, apart, paired} {
		within(t, covered, rounds)
	}
}

func TestQuantileOfFewIsHonest(t *testing.T) {
	a := []*hdrhistogram.Histogram{histogram(t, 10), histogram(t, 20), histogram(t, 30)}
	b := []*hdrhistogram.Histogram{histogram(t, 5), histogram(t, 10), nil, histogram(t, 40)}
	if got, want := Quantile(a, 0.5), (Interval{20, 10, 30, 3, 0.75}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := QuantileRatio(a, b, 0.5), (Interval{2, 0.25, 6, 3, 0.5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	am := map[int]*hdrhistogram.Histogram{1: a[0], 2: a[1], 3: a[2]}
	bm := map[int]*hdrhistogram.Histogram{1: b[0], 2: b[1], 3: nil, 4: b[3]}
	if got, want := QuantileRatioPaired(am, bm, 0.5), (Interval{2, 2, 2, 2, 0.5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := Quantile(nil, 0.5); got.N != 0 || !math.IsNaN(got.Center) {
		t.Errorf("of nothing %+v", got)
	}
	if got := QuantileRatio(a, nil, 0.5); got.N != 0 {
		t.Errorf("over nothing %+v", got)
	}
}

func BenchmarkQuantile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var hs []*hdrhistogram.Histogram
	for range 8 {
		h := hdrhistogram.New(1, 60_000_000, 3)
		for range 20_000 {
			if err := h.RecordValue(int64(1000 * math.Exp(rng.NormFloat64()))); err != nil {
				b.Fatal(err)
			}
		}
		hs = append(hs, h)
	}
	for b.Loop() {
		Quantile(hs, 0.99)
	}
}

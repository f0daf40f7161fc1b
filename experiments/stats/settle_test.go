package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// shape makes a series of stretches with the given lengths and levels, plus
// noise with a standard deviation of 1.
func shape(seed uint64, stretches ...[2]float64) (series []float64) {
	rng := rand.New(rand.NewPCG(seed, seed))
	for _, s := range stretches {
		for range int(s[0]) {
			series = append(series, s[1]+rng.NormFloat64())
		}
	}
	return series
}

func TestSettleOnSeriesOfKnownShape(t *testing.T) {
	decay := shape(7, [2]float64{120, 100})
	for i := range decay {
		decay[i] += 60 * math.Exp(-float64(i)/6)
	}
	climb := shape(8, [2]float64{120, 100})
	for i := range climb {
		climb[i] += float64(i) / 2
	}
	spikes := shape(9, [2]float64{100, 100})
	for _, i := range []int{0, 13, 14, 61, 98, 99} {
		spikes[i] = 5000
	}
	gaps := shape(10, [2]float64{20, 130}, [2]float64{80, 100})
	for i := 10; i < 60; i += 7 {
		gaps[i] = math.NaN()
	}
	still := make([]float64, 100)
	for i := range still {
		if still[i] = 7; i < 40 {
			still[i] = 8
		}
	}
	for name, c := range map[string]struct {
		series      []float64
		least, most int // of the cut
		ok          bool
		times       Course // if lower is better
		rates       Course
	}{
		"level":                  {shape(1, [2]float64{100, 100}), 0, 0, true, Flat, Flat},
		"falls early":            {shape(2, [2]float64{25, 120}, [2]float64{75, 100}), 24, 26, true, Warmup, Slowdown},
		"rises early":            {shape(3, [2]float64{25, 80}, [2]float64{75, 100}), 24, 26, true, Slowdown, Warmup},
		"changes in second half": {shape(4, [2]float64{70, 120}, [2]float64{30, 100}), 69, 71, false, Unsettled, Unsettled},
		"a bump late":            {shape(5, [2]float64{70, 100}, [2]float64{10, 120}, [2]float64{20, 100}), 79, 81, false, Unsettled, Unsettled},
		"a bump early":           {shape(6, [2]float64{20, 100}, [2]float64{10, 120}, [2]float64{70, 100}), 29, 31, true, Warmup, Slowdown},
		"down and up":            {shape(6, [2]float64{15, 120}, [2]float64{15, 80}, [2]float64{70, 100}), 29, 31, true, Slowdown, Slowdown},
		"falls off":              {decay, 10, 40, true, Warmup, Slowdown},
		"climbs all along":       {climb, 61, 119, false, Unsettled, Unsettled},
		"outliers":               {spikes, 0, 0, true, Flat, Flat},
		"gaps":                   {gaps, 19, 21, true, Warmup, Slowdown},
		"without noise":          {still, 40, 40, true, Warmup, Slowdown},
		"all zero":               {make([]float64, 50), 0, 0, true, Flat, Flat},
		"too short":              {shape(1, [2]float64{9, 100}), 0, 0, false, Unsettled, Unsettled},
		"nothing":                {nil, 0, 0, false, Unsettled, Unsettled},
	} {
		cut, ok := Settle(c.series)
		if cut < c.least || cut > c.most || ok != c.ok {
			t.Errorf("%s: cut %d, settled %v, want %d to %d, %v (segments %v)", name, cut, ok, c.least, c.most, c.ok, Segments(c.series))
		}
		if got := Classify(c.series, Lower); got != c.times {
			t.Errorf("%s: %v of times, want %v", name, got, c.times)
		}
		if got := Classify(c.series, Higher); got != c.rates {
			t.Errorf("%s: %v of rates, want %v", name, got, c.rates)
		}
	}
}

// Two levels that differ by less than 1 % are one steady state, even if the
// change between them is found.
func TestSettleTakesEquivalentLevelsTogether(t *testing.T) {
	series := shape(31, [2]float64{70, 10000}, [2]float64{30, 10050}) // a step of fifty times the noise
	if n := len(Segments(series)); n != 2 {
		t.Fatalf("%d segments, want 2", n)
	}
	if cut, ok := Settle(series); cut != 0 || !ok || Classify(series, Lower) != Flat {
		t.Errorf("cut %d, settled %v", cut, ok)
	}
}

// Settle and Classify agree about a series.
func TestCourseAgreesWithSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stretches [][2]float64
		for range rapid.IntRange(1, 4).Draw(t, "stretches") {
			stretches = append(stretches, [2]float64{
				float64(rapid.IntRange(3, 50).Draw(t, "length")),
				float64(rapid.IntRange(90, 110).Draw(t, "level")),
			})
		}
		series := shape(rapid.Uint64().Draw(t, "seed"), stretches...)
		cut, ok := Settle(series)
		if cut < 0 || cut > max(0, len(series)-shortest) || ok && 2*cut > len(series) {
			t.Fatalf("cut %d of %d, settled %v", cut, len(series), ok)
		}
		times, rates := Classify(series, Lower), Classify(series, Higher)
		if (times != Unsettled) != ok || (rates != Unsettled) != ok {
			t.Fatalf("settled %v, but %v and %v", ok, times, rates)
		}
		if ok && (times == Flat) != (cut == 0) {
			t.Fatalf("cut %d, but %v", cut, times)
		}
	})
}

func TestCourseString(t *testing.T) {
	for c, want := range map[Course]string{Unsettled: "no steady state", Flat: "flat", Warmup: "warmup", Slowdown: "slowdown"} {
		if got := c.String(); got != want {
			t.Errorf("%d prints %q, want %q", c, got, want)
		}
	}
}

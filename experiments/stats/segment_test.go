package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// Compares the best segmentation with all possible ones.
func TestPartitionIsTheBestOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.IntRange(0, 6).Draw(t, "x")) / 2
		}), 1, 24).Draw(t, "series")
		fine := rapid.Float64Range(0.1, 6).Draw(t, "penalty")
		cuts := partition(vs, 1, fine)
		if cuts[0] != 0 || !slices.IsSorted(cuts) {
			t.Fatalf("cuts %v", cuts)
		}
		got, want := costOf(vs, cuts, fine), leastCost(vs, fine)
		if math.Abs(got-want) > 1e-9 {
			t.Fatalf("cuts %v cost %v, the best ones %v", cuts, got, want)
		}
	})
}

// costOf follows the definition: distances from the sorted middle plus the
// penalties. Too short a segment has infinite cost, unless it is the whole
// series.
func costOf(vs []float64, cuts []int, penalty float64) (cost float64) {
	for i, from := range cuts {
		to := len(vs)
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		if to-from < shortest && len(cuts) > 1 {
			return math.Inf(1)
		}
		s := slices.Sorted(slices.Values(vs[from:to]))
		for _, v := range s {
			cost += math.Abs(v - s[len(s)/2])
		}
		cost += penalty
	}
	return cost
}

// leastCost tries every set of cuts.
func leastCost(vs []float64, penalty float64) float64 {
	best := math.Inf(1)
	var try func(cuts []int)
	try = func(cuts []int) {
		best = min(best, costOf(vs, cuts, penalty))
		for next := cuts[len(cuts)-1] + shortest; next+shortest <= len(vs); next++ {
			try(append(slices.Clone(cuts), next))
		}
	}
	try([]int{0})
	return best
}

// Checks what the documentation says about the penalty.
func TestSegmentsSeldomCutsWhatDoesNotChange(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 21))
	heavy := distuv.StudentsT{Sigma: 1, Nu: 3, Src: rng}
	rounds := scaled(100, 400)
	for _, n := range []int{20, 60, 150} {
		cut := map[string]int{}
		for range rounds {
			series := map[string][]float64{}
			follows := rng.NormFloat64()
			for range n {
				z := rng.NormFloat64()
				follows = 0.5*follows + math.Sqrt(0.75)*z
				for name, x := range map[string]float64{"normal": z, "heavy": heavy.Rand(), "following": follows} {
					series[name] = append(series[name], 100+x)
				}
			}
			for name, s := range series {
				if len(Segments(s)) > 1 {
					cut[name]++
				}
			}
		}
		for name, most := range map[string]float64{"normal": 0.01, "heavy": 0.01, "following": 0.1} {
			// three standard errors of chance
			if share := float64(cut[name]) / float64(rounds); share > most+3*math.Sqrt(most*(1-most)/float64(rounds)) {
				t.Errorf("n=%d, %s: %.3f of the series cut, want %v or less", n, name, share, most)
			}
		}
	}
}

// Segments finds a step of five standard deviations at its place, except where
// chance puts outliers side by side or at the step.
func TestSegmentsFindsAStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 22))
	const rounds = 200
	found := 0
	for range rounds {
		series := make([]float64, 100)
		for i := range series {
			series[i] = 100 + rng.NormFloat64()
			if i < 30 {
				series[i] += 5
			}
		}
		for range 6 {
			series[rng.IntN(100)] = 1000 * rng.Float64()
		}
		s := Segments(series)
		if len(s) == 2 && s[1].From >= 28 && s[1].From <= 32 && math.Abs(s[0].Level-105) < 1 && math.Abs(s[1].Level-100) < 1 {
			found++
		}
	}
	if found < rounds*9/10 {
		t.Errorf("found in %d of %d series", found, rounds)
	}
}

// Segments cover any series without gap or overlap, and do not depend on its
// unit.
func TestSegmentsCoverTheSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.OneOf(
			rapid.Float64Range(0, 10), rapid.Float64Range(1000, 1001),
			rapid.Just(math.NaN()), rapid.Just(math.Inf(1)), rapid.Just(0.0),
		)
		series := rapid.SliceOfN(values, 0, 60).Draw(t, "series")
		segments := Segments(series)
		at := 0
		for _, s := range segments {
			if s.From != at || s.To <= s.From || math.IsNaN(s.Level) {
				t.Fatalf("segments %v of %v", segments, series)
			}
			at = s.To
		}
		if vs, _ := numbered(series); len(vs) > 0 != (at == len(series) && len(segments) > 0) {
			t.Fatalf("segments %v end at %d of %d", segments, at, len(series))
		}
		scaled := make([]float64, len(series))
		for i, x := range series {
			scaled[i] = 1024 * x // a power of two avoids rounding
		}
		for i, s := range Segments(scaled) {
			if i >= len(segments) || s.From != segments[i].From || s.To != segments[i].To {
				t.Fatalf("in another unit %v, not %v", s, segments)
			}
		}
	})
}

func BenchmarkSegments(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	series := make([]float64, 200)
	for i := range series {
		series[i] = rng.NormFloat64()
		if i > 60 {
			series[i] += 4
		}
	}
	for b.Loop() {
		Segments(series)
	}
}

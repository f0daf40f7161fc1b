package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"golang.org/x/perf/benchmath"
	"pgregory.net/rapid"
)

// full is true during a long test.
var full bool

// scaled returns the number of rounds: quick in ordinary runs, many in long
// tests.
func scaled(quick, many int) int {
	if full {
		return many
	}
	return quick
}

func byBlock(xs []float64) map[int]float64 {
	m := map[int]float64{}
	for i, x := range xs {
		m[i] = x
	}
	return m
}

// The printed tables of critical values of Wilcoxon's signed-rank test,
// two-sided, at 5 % and 1 %: the largest significant sum of ranks.
func TestSignedRanksTakeThePublishedTable(t *testing.T) {
	for alpha, table := range map[float64]map[int]int{
		0.05: {6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 17: 34, 18: 40, 19: 46, 20: 52, 25: 89},
		0.01: {8: 0, 9: 1, 10: 3, 11: 5, 12: 7, 13: 9, 14: 12, 15: 15, 16: 19, 17: 23, 18: 27, 19: 32, 20: 37, 25: 68},
	} {
		for n, critical := range table {
			if got := signedRanks(n).leftOut(alpha / 2); got != critical {
				t.Errorf("%d blocks at %g: %d, want %d", n, alpha, got, critical)
			}
		}
	}
	if LeastPaired(5) <= Alpha || LeastPaired(Fewest) > Alpha {
		t.Errorf("the least p is %v with 5 blocks and %v with %d", LeastPaired(5), LeastPaired(Fewest), Fewest)
	}
}

// The printed table of the Mann-Whitney U test at 5 %, two-sided: the largest
// significant U.
func TestRankSumsTakeThePublishedTable(t *testing.T) {
	for _, c := range []struct{ na, nb, critical int }{
		{4, 4, 0}, {5, 5, 2}, {6, 6, 5}, {7, 7, 8}, {8, 8, 13}, {9, 9, 17}, {10, 10, 23},
		{12, 12, 37}, {15, 15, 64}, {20, 20, 127}, {5, 8, 6}, {6, 10, 11}, {8, 20, 41},
	} {
		if got := rankSums(c.na, c.nb).leftOut(Alpha / 2); got != c.critical {
			t.Errorf("%d and %d values: %d, want %d", c.na, c.nb, got, c.critical)
		}
	}
}

// Counting subsets one by one gives the same laws.
func TestLawsAreThoseOfAllSubsets(t *testing.T) {
	for n := 1; n <= 10; n++ {
		signed := make([]int, n*(n+1)/2+1)
		sums := map[int][]int{} // by the size of the subset
		for mask := range uint(1) << n {
			sum, size := 0, bits.OnesCount(mask)
			for rank := 1; rank <= n; rank++ {
				sum += rank * int(mask>>(rank-1)&1)
			}
			signed[sum]++
			if sums[size] == nil {
				sums[size] = make([]int, size*(n-size)+1)
			}
			sums[size][sum-size*(size+1)/2]++
		}
		check := func(l law, counts []int) {
			t.Helper()
			total, sofar := 0, 0
			for _, c := range counts {
				total += c
			}
			for at, c := range counts {
				sofar += c
				if got, want := l.atMost(at), float64(sofar)/float64(total); math.Abs(got-want) > 1e-12 {
					t.Errorf("n=%d: P(at most %d) = %v, want %v", n, at, got, want)
				}
			}
		}
		check(signedRanks(n), signed)
		for size, counts := range sums {
			check(rankSums(size, n-size), counts)
		}
	}
}

// Beyond the limit of counting the normal law takes over without a step.
func TestNormalLawTakesOver(t *testing.T) {
	for _, l := range []law{signedRanks(counted), rankSums(counted/2, counted/2)} {
		normal := l
		normal.table = nil
		for _, p := range []float64{0.001, 0.005, 0.025, 0.25} {
			at := l.leftOut(p)
			if got := normal.atMost(at); math.Abs(got-l.atMost(at)) > 5e-4 {
				t.Errorf("P(at most %d) = %v, by counting %v", at, got, l.atMost(at))
			}
		}
	}
}

// The depression scores of Hollander and Wolfe (1999), example 3.1. They print
// T+ = 5, a one-sided p of 0.020, the estimate -0.46 and the 96 % interval
// (-0.786, -0.010).
func TestEffectOnThePublishedExample(t *testing.T) {
	before := byBlock([]float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30})
	after := byBlock([]float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29})
	e := DifferencePaired(after, before, nil)
	if math.Abs(e.Center+0.46) > 0.0005 || math.Abs(e.Lo+0.786) > 0.0005 || math.Abs(e.Hi+0.010) > 0.0005 {
		t.Errorf("%+v", e.Interval)
	}
	if math.Abs(e.P/2-0.0195) > 0.0005 || math.Abs(e.Confidence-0.961) > 0.0005 {
		t.Errorf("p = %v, confidence %v", e.P, e.Confidence)
	}
}

// Without ties p is that of x/perf.
func TestIndependentEffectAgreesWithBenchmath(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{3, 6, 12, 25} {
		a, b := make([]float64, n), make([]float64, n+2)
		for i := range a {
			a[i] = math.Exp(rng.NormFloat64())
		}
		for i := range b {
			b[i] = math.Exp(rng.NormFloat64() + 0.5)
		}
		th := benchmath.DefaultThresholds
		want := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &th), benchmath.NewSample(b, &th)).P
		if got := Ratio(a, b).P; math.Abs(got-want) > 1e-9 {
			t.Errorf("n=%d: p = %v, benchmath %v", n, got, want)
		}
	}
}

// For any data, with ties, zeros and few blocks: the estimate lies in the
// interval, exchanging the samples mirrors it, and p is below 1 - level exactly
// if the interval at that level excludes no effect.
func TestEffectIsItsOwnMirror(t *testing.T) {
	values := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0.1, 10), rapid.Map(rapid.IntRange(0, 3), func(n int) float64 { return float64(n) })), 1, 15)
	level := rapid.SampledFrom([]float64{0.8, 0.95, 0.99, Among(4)})
	rapid.Check(t, func(t *rapid.T) {
		xs, ys := values.Draw(t, "a"), values.Draw(t, "b")
		at := level.Draw(t, "level")
		a, b := byBlock(xs), byBlock(ys)
		for _, c := range []struct {
			name      string
			e, turned Effect
			nothing   float64
			mirror    func(float64) float64
		}{
			{"ratio", RatioPaired(a, b), RatioPaired(b, a), 1, func(x float64) float64 { return 1 / x }},
			{"difference", DifferencePaired(a, b, nil), DifferencePaired(b, a, nil), 0, func(x float64) float64 { return -x }},
			{"independent", Ratio(xs, ys), Ratio(ys, xs), 1, func(x float64) float64 { return 1 / x }},
		} {
			iv, ok := c.e.At(at)
			turned, _ := c.turned.At(at)
			near := func(x, y float64) bool { return x == y || math.Abs(x-y) < 1e-9*max(1, math.Abs(x)) }
			if !(iv.Lo <= iv.Center && iv.Center <= iv.Hi) {
				t.Fatalf("%s: %+v", c.name, iv)
			}
			if !near(iv.Lo, c.mirror(turned.Hi)) || !near(iv.Hi, c.mirror(turned.Lo)) || !near(iv.Center, c.mirror(turned.Center)) || !near(c.e.P, c.turned.P) {
				t.Fatalf("%s: %+v, p %v, the other way round %+v, p %v", c.name, iv, c.e.P, turned, c.turned.P)
			}
			if excludes := ok && !iv.Contains(c.nothing); excludes != (c.e.P < 1-at) && math.Abs(c.e.P-(1-at)) > 1e-9 {
				t.Fatalf("%s: interval %+v at %v, but p = %v", c.name, iv, at, c.e.P)
			}
		}
	})
}

// The interval contains the true ratio at least as often as it claims, for
// paired samples whose blocks drift, for skewed values, and for independent
// samples. Where p is below Alpha without any effect is its complement.
func TestEffectCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rounds := scaled(2000, 40_000)
	for _, n := range []int{6, 9, 12, 17} {
		for name, noise := range map[string]func() float64{
			"normal": func() float64 { return 0.1 * rng.NormFloat64() },
			"skewed": func() float64 { return 0.1 * rng.ExpFloat64() },
			"tailed": func() float64 { return 0.1 * rng.NormFloat64() / max(0.05, rng.Float64()) },
		} {
			paired, independent := 0, 0
			for range rounds {
				a, b, drift := map[int]float64{}, map[int]float64{}, 0.0
				var as, bs []float64
				for i := range n {
					drift += 0.2 * rng.NormFloat64()
					x, y := noise(), noise()
					a[i], b[i] = 20*math.Exp(x+drift), 25*math.Exp(y+drift)
					as, bs = append(as, 20*math.Exp(x)), append(bs, 25*math.Exp(y))
				}
				if RatioPaired(a, b).Contains(0.8) {
					paired++
				}
				if Ratio(as, bs).Contains(0.8) {
					independent++
				}
			}
			for what, covered := range map[string]int{"paired": paired, "independent": independent} {
				share := float64(covered) / float64(rounds)
				if least := Level - 3*math.Sqrt(Level*(1-Level)/float64(rounds)); share < least {
					t.Errorf("n=%d, %s noise, %s: covered the truth in %.3f of %d rounds, want %.3f or more", n, name, what, share, rounds, least)
				}
			}
		}
	}
}

// Blocks that one sample lacks, and what has no ratio, are left out.
func TestEffectLeavesOut(t *testing.T) {
	a := map[int]float64{0: 2, 1: 4, 2: -1, 3: 6, 5: math.NaN()}
	b := map[int]float64{0: 1, 1: 2, 2: 1, 4: 1, 5: 1}
	if e := RatioPaired(a, b); e.N != 2 || math.Abs(e.Center-2) > 1e-12 || e.Enough() || e.String() != "2.00 (n = 2)" {
		t.Errorf("%+v: %s", e.Interval, e)
	}
	if e := DifferencePaired(a, b, map[int]float64{0: 2, 1: 0, 3: 1}); e.N != 1 || e.Center != 0.5 {
		t.Errorf("in units: %+v", e.Interval)
	}
	if e := RatioPaired(nil, b); e.N != 0 || !math.IsNaN(e.Center) || !math.IsNaN(e.P) || e.Side(1) != Across {
		t.Errorf("of nothing: %+v", e)
	}
	zero := RatioPaired(byBlock(make([]float64, 9)), byBlock([]float64{0, 0, 0, 1, 1, 1, 1, 1, 1}))
	if zero.Lo != 0 || zero.Hi != 1 {
		t.Errorf("of zeros: %+v", zero.Interval)
	}
}

// The spread is that of the blocks' log ratios.
func TestSpread(t *testing.T) {
	a := map[int]float64{0: math.E, 1: 1, 2: 1 / math.E}
	b := map[int]float64{0: 1, 1: 1, 2: 1}
	if got := RatioPaired(a, b).Spread(); math.Abs(got-1) > 1e-12 {
		t.Errorf("spread %v, want 1", got)
	}
	if got := RatioPaired(a, map[int]float64{0: 1}).Spread(); !math.IsInf(got, 1) {
		t.Errorf("of one block: %v", got)
	}
}

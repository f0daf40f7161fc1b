package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// law is a model of measured values: processes differ, the intervals of a
// process differ, and each interval depends on the one before it.
type law struct {
	centre, between, within, follows float64
}

// mean is the law's mean. All logarithms are normally distributed.
func (l law) mean() float64 {
	return l.centre * math.Exp((l.between*l.between+l.within*l.within)/2)
}

// processes draws n processes of m intervals each. centre is the law's median.
func (l law) processes(rng *rand.Rand, n, m int) [][]float64 {
	ps := make([][]float64, n)
	for i := range ps {
		own := l.centre * math.Exp(l.between*rng.NormFloat64())
		e := rng.NormFloat64()
		for range m {
			ps[i] = append(ps[i], own*math.Exp(l.within*e))
			e = l.follows*e + math.Sqrt(1-l.follows*l.follows)*rng.NormFloat64()
		}
	}
	return ps
}

// The interval contains the true value at least as often as it claims, except
// for the error of the simulation, for every kind of noise.
func TestHierarchicalCovers(t *testing.T) {
	rounds := scaled(80, 200)
	for name, l := range map[string]law{
		"processes differ":            {100, 0.05, 0.02, 0},
		"intervals differ as much":    {100, 0.05, 0.05, 0},
		"intervals differ and follow": {100, 0.02, 0.1, 0.6},
		"processes differ widely":     {100, 0.3, 0.1, 0.3},
	} {
		for n, statistic := range map[int]func([]float64) float64{6: Median, 10: Mean} {
			t.Run(fmt.Sprintf("%s, n=%d", name, n), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(11, uint64(n)))
				truth := l.centre
				if n == 10 {
					truth = l.mean()
				}
				covered := 0
				for range rounds {
					if Hierarchical(l.processes(rng, n, 12), statistic).Contains(truth) {
						covered++
					}
				}
				within(t, covered, rounds)
			})
		}
	}
}

func TestHierarchicalRatioCovers(t *testing.T) {
	rounds := scaled(25, 120)
	for name, of := range map[string][2]law{
		"alike":          {{100, 0.05, 0.05, 0.3}, {80, 0.05, 0.05, 0.3}},
		"one is steady":  {{100, 0.1, 0.05, 0}, {80, 0.01, 0.01, 0}},
		"other is loose": {{100, 0.01, 0.01, 0}, {80, 0.1, 0.05, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(12, 12))
			covered := 0
			for range rounds {
				a, b := of[0].processes(rng, 7, 12), of[1].processes(rng, 9, 12)
				if HierarchicalRatio(a, b, Median).Contains(1.25) {
					covered++
				}
			}
			within(t, covered, rounds)
		})
	}
}

// Blocks drift by far more than the ratio differs from 1. In paired draws the
// drift cancels, and the interval still contains the true ratio.
func TestHierarchicalRatioPairedCancelsDriftAndCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 13))
	rounds := scaled(80, 200)
	covered, narrower := 0, 0
	for range rounds {
		a, b := map[int][]float64{99: {1}}, map[int][]float64{-1: {1}} // blocks without partners
		for block := range 7 {
			drift := math.Exp(0.5 * rng.NormFloat64())
			a[block] = law{90 * drift, 0.02, 0.05, 0}.processes(rng, 1, 12)[0]
			b[block] = law{100 * drift, 0.02, 0.05, 0}.processes(rng, 1, 12)[0]
		}
		paired := HierarchicalRatioPaired(a, b, Mean)
		if paired.N != 7 {
			t.Fatalf("of %d blocks, want 7", paired.N)
		}
		if paired.Contains(0.9) {
			covered++
		}
		as, bs := partners(a, b, func([]float64) bool { return true })
		apart := HierarchicalRatio(as, bs, Mean)
		if paired.Hi-paired.Lo < (apart.Hi-apart.Lo)/3 {
			narrower++
		}
	}
	within(t, covered, rounds)
	if narrower < rounds*9/10 {
		t.Errorf("less than a third as wide as without blocks in %d of %d rounds only", narrower, rounds)
	}
}

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

// within fails the test if a 95 % interval contains the true value less often
// than three standard errors of chance allow.
func within(t *testing.T, covered, rounds int) {
	t.Helper()
	share := float64(covered) / float64(rounds)
	if least := Level - 3*math.Sqrt(Level*(1-Level)/float64(rounds)); share < least {
		t.Errorf("covered the truth in %.3f of %d rounds, want %.3f or more", share, rounds, least)
	}
}

// A very wide interval also contains the true value often, and is useless. If
// processes differ most, the interval must be about as wide as Student's
// interval of the processes' means, the best for this law.
func TestHierarchicalIsNotWiderThanNeeded(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 14))
	for _, n := range []int{6, 12, 20} {
		var wide, best float64
		for range 40 {
			ps := law{100, 0.05, 0.02, 0}.processes(rng, n, 12)
			iv := Hierarchical(ps, Mean)
			wide += iv.Hi - iv.Lo
			means := newGroup(ps, Mean).each()
			var square float64
			for _, m := range means {
				square += (m - Mean(means)) * (m - Mean(means))
			}
			student := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975)
			best += 2 * student * math.Sqrt(square/float64(n*(n-1)))
		}
		if r := wide / best; r < 0.9 || r > 1.15 {
			t.Errorf("n=%d: %.2f times as wide as Student's interval, want about 1", n, r)
		}
	}
}

// Dependent neighbours carry less information than as many independent
// intervals. Draws must therefore take whole blocks of neighbours.
func TestDrawKeepsNeighboursTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 15))
	p := make([]float64, 27)
	for i := range p {
		p[i] = float64(i)
	}
	var last []float64
	g := newGroup([][]float64{p}, func(xs []float64) float64 { last = xs; return 0 })
	starts := map[float64]int{}
	for range 3000 {
		g.draw(rng, []int{0})
		if len(last) != 27 {
			t.Fatalf("drew %d values, want 27", len(last))
		}
		for at := 0; at < 27; at += 3 {
			starts[last[at]]++
			if b := last[at : at+3]; b[1] != math.Mod(b[0]+1, 27) || b[2] != math.Mod(b[0]+2, 27) {
				t.Fatalf("block %v, want three neighbours in a circle", b)
			}
		}
	}
	for _, x := range p { // each is expected 1000 times
		if n := starts[x]; n < 850 || n > 1150 {
			t.Errorf("%d blocks of 27000 start at %v, want about 1000", n, x)
		}
	}
}

// A process that lost most of its intervals to its warm-up counts as much as
// the others.
func TestProcessesWeighTheSame(t *testing.T) {
	short := [][]float64{{10}, {20, 20, 20, 20}, {math.NaN()}, {}}
	if got := newGroup(short, Mean).all(); got != 15 {
		t.Errorf("mean %v, want 15", got)
	}
	iv := Hierarchical(short, Mean)
	if want := (Interval{Center: 15, Lo: 10, Hi: 20, N: 2, Confidence: 0.5}); iv != want {
		t.Errorf("got %+v, want %+v", iv, want)
	}
}

func TestHierarchicalOfFewIsHonest(t *testing.T) {
	a := [][]float64{{2, 4}, {4, 6}, {6, 8}}
	b := [][]float64{{1, 1}, {2, 2}, {4, 4}}
	if got, want := HierarchicalRatio(a, b, Mean), (Interval{5 / (7.0 / 3), 3.0 / 4, 7.0 / 1, 3, 0.5}); got != want {
		t.Errorf("independent: %+v, want %+v", got, want)
	}
	blocks := func(ps [][]float64) map[int][]float64 {
		m := map[int][]float64{}
		for i, p := range ps {
			m[i] = p
		}
		return m
	}
	if got, want := HierarchicalRatioPaired(blocks(a), blocks(b), Mean), (Interval{5 / (7.0 / 3), 7.0 / 4, 3, 3, 0.75}); got != want {
		t.Errorf("paired: %+v, want %+v", got, want)
	}
	for _, none := range [][][]float64{nil, {{0, 0}}} {
		if got := HierarchicalRatio(a, none, Mean); got.N != 0 || !math.IsNaN(got.Center) {
			t.Errorf("over %v: %+v", none, got)
		}
		if got := HierarchicalRatioPaired(blocks(a), blocks(none), Mean); got.N != 0 {
			t.Errorf("paired over %v: %+v", none, got)
		}
	}
	if got := Hierarchical(nil, Mean); got.N != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestHierarchicalIsDeterministicAndLeavesItsInputAlone(t *testing.T) {
	ps := law{100, 0.1, 0.1, 0}.processes(rand.New(rand.NewPCG(1, 2)), 6, 9)
	ps[2][4] = math.NaN()
	before := make([][]float64, len(ps))
	for i := range ps {
		before[i] = slices.Clone(ps[i])
	}
	first := Hierarchical(ps, Median)
	if again := Hierarchical(ps, Median); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	for i := range ps {
		for j := range ps[i] {
			if math.Float64bits(ps[i][j]) != math.Float64bits(before[i][j]) {
				t.Fatalf("value %d of process %d is now %v", j, i, ps[i][j])
			}
		}
	}
	if !first.Enough() || first.N != 6 || !first.Contains(first.Center) {
		t.Errorf("got %+v", first)
	}
}

// Computed by Hesterberg's formula from the printed quantiles of Student's
// distribution (2.571, 2.262 and 2.093 for 5, 9 and 19 degrees of freedom): for
// six values each tail is 0.24 %; for many values it approaches the 2.5 % of a
// plain interval.
func TestTailIsThatOfHesterbergsFormula(t *testing.T) {
	for n, want := range map[int]float64{6: 0.0024, 10: 0.0085, 20: 0.0159, 1000: 0.0249} {
		if got := tail(n); math.Abs(got-want) > 1e-4 {
			t.Errorf("n=%d: %.5f, want %.4f", n, got, want)
		}
	}
}

func TestMedianIsThatOfTheSortedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.IntRange(-9, 9).Draw(t, "x"))
		}), 1, 40).Draw(t, "xs")
		before, sorted := slices.Clone(xs), slices.Sorted(slices.Values(xs))
		if got, want := Median(xs), median(sorted); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
		if !slices.Equal(xs, before) {
			t.Fatalf("input is now %v", xs)
		}
	})
	if !math.IsNaN(Median(nil)) || !math.IsNaN(Mean(nil)) {
		t.Error("of nothing it must be no number")
	}
}

func BenchmarkHierarchical(b *testing.B) {
	ps := law{100, 0.1, 0.1, 0}.processes(rand.New(rand.NewPCG(1, 2)), 8, 20)
	for name, statistic := range map[string]func([]float64) float64{"median": Median, "mean": Mean} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Hierarchical(ps, statistic)
			}
		})
	}
}

package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
)

// The data set on motivational effects of knowledge of performance in Hollander
// and Wolfe (1999), example 6.2. They print J = 79, an expected value of 54, a
// variance of 150.29 and an approximate p of 0.0207. An independent
// implementation (the R package lumen) computes the exact conditional p-value,
// with ties, as 0.02096649.
var motivation = [][]float64{
	{40, 35, 38, 43, 44, 41},
	{38, 40, 47, 44, 40, 42},
	{48, 40, 45, 43, 46, 44},
}

func TestMonotoneOnThePublishedExample(t *testing.T) {
	got := Monotone([]float64{1, 2, 3}, motivation)
	if got.J != 79 || got.Expected != 54 || got.N != 18 || !got.Exact {
		t.Errorf("got %+v, want J = 79 of 54 expected, 18 values, counted", got)
	}
	if math.Abs(got.Rising-0.02096649) > 1e-7 {
		t.Errorf("p = %.8f, want 0.02096649", got.Rising)
	}
	v := deal(motivation).variance()
	if math.Abs(v-150.2868) > 1e-4 {
		t.Errorf("variance %v, want 150.2868", v)
	}
}

// The table of J for three samples of six, printed with the same example: 79
// has an upper tail of 0.0231.
func TestMonotoneTakesThePublishedTailWithoutTies(t *testing.T) {
	d := dealt{sizes: []int{6, 6, 6}, n: 18}
	for range 18 {
		d.ties = append(d.ties, 1)
	}
	if p, _ := d.count(79); math.Abs(p-0.02306371) > 1e-7 {
		t.Errorf("P(J >= 79) = %.8f, want 0.02306371", p)
	}
}

// Jonckheere's own data (1954): four samples of four, of which 71 pairs rise.
// The test computes the law of J in another way: without ties it is that of a
// sum of independent Mann-Whitney statistics, each sample against all earlier
// ones.
func TestMonotoneOnJonckheeresData(t *testing.T) {
	got := Monotone([]float64{1, 2, 3, 4}, [][]float64{
		{19, 20, 60, 130}, {21, 61, 80, 129}, {40, 99, 100, 149}, {49, 110, 151, 160},
	})
	law := []float64{1}
	for _, before := range []int{4, 8, 12} {
		law = convolve(law, mannWhitneyLaw(4, before))
	}
	var total, tail float64
	for j, w := range law {
		total += w
		if float64(j) >= got.J {
			tail += w
		}
	}
	if got.J != 71 || !got.Exact || math.Abs(got.Rising-tail/total) > 1e-12 {
		t.Errorf("got %+v, want J = 71 and p = %v", got, tail/total)
	}
}

// Compares with the definition: all ways to distribute the values over three
// samples.
func TestMonotoneIsTheExactPermutationTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 30 {
		samples := [][]float64{make([]float64, 3), make([]float64, 2), make([]float64, 3)}
		var pool []float64
		for _, s := range samples {
			for i := range s {
				s[i] = float64(rng.IntN(5))
				pool = append(pool, s[i])
			}
		}
		seen := rising(samples)
		var atLeast, atMost, total float64
		for _, order := range combin.Permutations(8, 8) {
			vs := make([]float64, 8)
			for i, k := range order {
				vs[i] = pool[k]
			}
			j := rising([][]float64{vs[:3], vs[3:5], vs[5:]})
			total++
			if j >= seen {
				atLeast++
			}
			if j <= seen {
				atMost++
			}
		}
		got := Monotone([]float64{10, 20, 30}, samples)
		if len(deal(samples).ties) > 1 && (math.Abs(got.Rising-atLeast/total) > 1e-9 || math.Abs(got.Falling-atMost/total) > 1e-9) {
			t.Errorf("%v: %+v, by listing %v and %v", samples, got, atLeast/total, atMost/total)
		}
	}
}

// Without ties the test of two samples is that of Mann and Whitney.
func TestMonotoneOfTwoSamplesIsThatOfAnEffect(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		a, b := make([]float64, 6), make([]float64, 8)
		for _, xs := range [][]float64{a, b} {
			for i := range xs {
				xs[i] = math.Exp(rng.NormFloat64())
			}
		}
		if got, want := Monotone([]float64{1, 2}, [][]float64{a, b}).P(), Ratio(a, b).P; math.Abs(got-want) > 1e-9 {
			t.Errorf("%v, %v: p = %v, of the effect %v", a, b, got, want)
		}
	}
}

// At the limit of exact counting the normal law takes over without a step.
func TestMonotoneByTheNormalLaw(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	samples := make([][]float64, 8)
	xs := make([]float64, 8)
	for i := range samples {
		xs[i] = float64(8 - i) // falling positions: the samples are in reverse order
		for range 8 {
			samples[i] = append(samples[i], math.Round(4*rng.NormFloat64())-float64(i)/2)
		}
	}
	got := Monotone(xs, samples)
	if got.Exact || got.Rising > 0.001 || got.Falling < 0.999 {
		t.Errorf("got %+v, want a trend that rises, by the normal law", got)
	}
	// For two samples it is close to the exact law.
	a, b := make([]float64, 32), make([]float64, 32)
	for i := range a {
		a[i], b[i] = math.Exp(rng.NormFloat64()), math.Exp(rng.NormFloat64()+0.5)
	}
	m := Monotone([]float64{0, 1}, [][]float64{a, b})
	if want := Ratio(a, b).P; m.Exact || math.Abs(m.P()-want) > 0.002 {
		t.Errorf("got %+v, P = %v, the effect's %v", m, m.P(), want)
	}
}

func TestMonotoneWithoutAnythingToCompare(t *testing.T) {
	nan := math.NaN()
	for name, samples := range map[string][][]float64{
		"one sample":    {{1, 2, 3}, {nan}},
		"equal values":  {{4, 4}, {4, 4}},
		"none":          {{}, {}},
		"one and empty": {{}, {1}},
	} {
		if got := Monotone([]float64{1, 2}, samples); got.P() != 1 || got.Rising != 1 || got.Falling != 1 {
			t.Errorf("%s: %+v, want p = 1", name, got)
		}
	}
	// Equal positions make one sample, so nothing is left to compare.
	if got := Monotone([]float64{1, 1}, [][]float64{{1, 2}, {3, 4}}); got.P() != 1 || got.N != 4 {
		t.Errorf("equal positions: %+v", got)
	}
}

// mannWhitneyLaw returns the number of ways to get each U, by the recurrence of
// Mann and Whitney (1947): the largest of all values is in one sample or the
// other.
func mannWhitneyLaw(m, n int) []float64 {
	law := make([]float64, m*n+1)
	if m == 0 || n == 0 {
		law[0] = 1
		return law
	}
	for u, w := range mannWhitneyLaw(m-1, n) {
		law[u+n] += w
	}
	for u, w := range mannWhitneyLaw(m, n-1) {
		law[u] += w
	}
	return law
}

func convolve(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			c[i+j] += x * y
		}
	}
	return c
}

func BenchmarkMonotone(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	samples := make([][]float64, 4)
	for i := range samples {
		for range 6 {
			samples[i] = append(samples[i], rng.Float64())
		}
	}
	for b.Loop() {
		if t := Monotone([]float64{1, 2, 3, 4}, samples); !t.Exact {
			b.Fatal("not counted")
		}
	}
}

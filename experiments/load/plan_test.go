package load

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func take(p *plan, n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = p.next().at
	}
	return times
}

// Poisson arrivals have exponential gaps: the one-sample Kolmogorov-Smirnov
// distance stays below its 1 % point, and that of equal gaps far from it.
func TestPoissonGaps(t *testing.T) {
	const n, rate = 20000, 5000
	distance := func(law Arrivals) float64 {
		var gaps []float64
		last := int64(0)
		for _, at := range take(newPlan(Config{Rate: rate, Arrivals: law, Seed: 7}, 0), n) {
			gaps = append(gaps, float64(at-last)/1e9)
			last = at
		}
		slices.Sort(gaps)
		exponential := distuv.Exponential{Rate: rate}
		most := 0.0
		for i, gap := range gaps {
			f := exponential.CDF(gap)
			most = max(most, math.Abs(f-float64(i)/n), math.Abs(f-float64(i+1)/n))
		}
		return most
	}
	critical := 1.628 / math.Sqrt(n)
	if d := distance(Poisson); d > critical {
		t.Errorf("Kolmogorov-Smirnov distance of poisson gaps %.4f, want at most %.4f", d, critical)
	}
	if d := distance(Fixed); d < 10*critical {
		t.Errorf("Kolmogorov-Smirnov distance of fixed gaps %.4f: the test cannot tell them", d)
	}
}

func TestPoissonRate(t *testing.T) {
	const n, rate = 100000, 1e6
	times := take(newPlan(Config{Rate: rate, Arrivals: Poisson, Seed: 3}, 0), n)
	// The time of n arrivals is n/rate with a deviation of sqrt(n)/rate.
	if got, want := float64(times[n-1])/1e9, n/rate; math.Abs(got-want) > 4*math.Sqrt(n)/rate {
		t.Errorf("%d arrivals took %.5f s, want about %.5f", n, got, want)
	}
	if !slices.IsSorted(times) {
		t.Error("planned times go back")
	}
}

func TestFixedGaps(t *testing.T) {
	for i, at := range take(newPlan(Config{Rate: 3, Arrivals: Fixed, Seed: 0}, 0), 100) {
		if want := int64(float64(i) * 1e9 / 3); math.Abs(float64(at-want)) > 1 {
			t.Fatalf("arrival %d at %d ns, want %d: the error must not add up", i, at, want)
		}
	}
}

func TestSeedDecidesPlan(t *testing.T) {
	a, b := take(newPlan(Config{Rate: 1000, Arrivals: Poisson, Seed: 1}, 0), 100), take(newPlan(Config{Rate: 1000, Arrivals: Poisson, Seed: 1}, 0), 100)
	if !slices.Equal(a, b) {
		t.Error("the same seed gave two plans")
	}
	if slices.Equal(a, take(newPlan(Config{Rate: 1000, Arrivals: Poisson, Seed: 2}, 0), 100)) {
		t.Error("two seeds gave the same plan")
	}
}

// The plan is the same however many threads share it.
func TestPlanShared(t *testing.T) {
	for _, law := range []Arrivals{Poisson, Fixed} {
		whole := take(newPlan(Config{Rate: 1000, Arrivals: law, Seed: 5}, 0), 120)
		for _, threads := range []int{2, 3, 4} {
			var parts []int64
			for i := range threads {
				parts = append(parts, take(newPlan(Config{Rate: 1000, Arrivals: law, Seed: 5, Threads: threads}, i), 120/threads)...)
			}
			slices.Sort(parts)
			if !slices.Equal(parts, whole) {
				t.Errorf("%s, %d threads: their parts are not the plan", law, threads)
			}
		}
	}
}

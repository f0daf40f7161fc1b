package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

func take(p *plan, n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = p.next().at
	}
	return times
}

// distance is the one-sample Kolmogorov-Smirnov distance of values from a law.
func distance(values []float64, cdf func(float64) float64) (most float64) {
	slices.Sort(values)
	n := float64(len(values))
	for i, v := range values {
		f := cdf(v)
		most = max(most, math.Abs(f-float64(i)/n), math.Abs(f-float64(i+1)/n))
	}
	return most
}

// Poisson arrivals have exponential gaps: their one-sample Kolmogorov-Smirnov
// distance from that law is below its 1 % point, and that of equal gaps is far
// above it.
func TestPoissonGaps(t *testing.T) {
	const n, rate = 20000, 5000
	far := func(law Arrivals) float64 {
		var gaps []float64
		last := int64(0)
		for _, at := range take(newPlan(Config{Rate: rate, Arrivals: law, Seed: 7}, 0), n) {
			gaps = append(gaps, float64(at-last)/1e9)
			last = at
		}
		return distance(gaps, distuv.Exponential{Rate: rate}.CDF)
	}
	critical := 1.628 / math.Sqrt(n)
	if d := far(Poisson); d > critical {
		t.Errorf("Kolmogorov-Smirnov distance of poisson gaps %.4f, want at most %.4f", d, critical)
	}
	if d := far(Fixed); d < 10*critical {
		t.Errorf("Kolmogorov-Smirnov distance of fixed gaps %.4f: the test cannot tell them", d)
	}
}

func TestPoissonRate(t *testing.T) {
	const n, rate = 100000, 1e6
	times := take(newPlan(Config{Rate: rate, Arrivals: Poisson, Seed: 3}, 0), n)
	// The time of n arrivals is n/rate with a standard deviation of
	// sqrt(n)/rate.
	if got, want := float64(times[n-1])/1e9, n/rate; math.Abs(got-want) > 4*math.Sqrt(n)/rate {
		t.Errorf("%d arrivals took %.5f s, want about %.5f", n, got, want)
	}
	if !slices.IsSorted(times) {
		t.Error("planned times go back")
	}
}

func TestFixedGaps(t *testing.T) {
	for i, at := range take(newPlan(Config{Rate: 3, Arrivals: Fixed}, 0), 100) {
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

// The two requests of a pair are exactly the spacing apart, and pairs do not
// overlap: from the second request of a pair to the first of the next there is
// at least half of the time that the spacing leaves. Their number is that of
// the rate, and their jitter is uniform.
func TestPairs(t *testing.T) {
	const pairs, rate, gap = 20000, 4000, 500e3 // rate of requests per second; gap in ns from pair to pair
	for _, spacing := range []time.Duration{0, 1, 20 * time.Microsecond, 250 * time.Microsecond} {
		p := newPlan(Config{Rate: rate, Arrivals: Paired, Spacing: spacing, Seed: 11}, 0)
		room := (gap - float64(spacing)) / 2
		var jitters []float64
		last := int64(-1e9)
		for i := range pairs {
			first, second := p.next(), p.next()
			if second.at-first.at != int64(spacing) || first.group != first.at || second.group != first.at {
				t.Fatalf("pair %d at %+v and %+v: want them %v apart and in one group", i, first, second, spacing)
			}
			if first.number != uint64(2*i) || second.number != uint64(2*i+1) {
				t.Fatalf("pair %d has the numbers %d and %d", i, first.number, second.number)
			}
			if float64(first.at-last) < room-1 {
				t.Fatalf("spacing %v: pair %d begins %d ns after the second before it, want at least %.0f", spacing, i, first.at-last, room)
			}
			last = second.at
			jitters = append(jitters, (float64(first.at)-float64(i)*gap)/room)
		}
		if d, critical := distance(jitters, distuv.UnitUniform.CDF), 1.628/math.Sqrt(pairs); d > critical {
			t.Errorf("spacing %v: Kolmogorov-Smirnov distance of the jitter %.4f, want at most %.4f", spacing, d, critical)
		}
	}
}

// All requests of a burst are planned at one instant. Bursts are Poisson
// arrivals at the rate divided by their size.
func TestBursts(t *testing.T) {
	const bursts, rate = 20000, 8000
	for _, size := range []int{1, 7, 1024} {
		p := newPlan(Config{Rate: rate, Arrivals: Burst, Burst: size, Seed: 11}, 0)
		var gaps []float64
		last := int64(0)
		for i := range bursts {
			first := p.next()
			for j := 1; j < size; j++ {
				if one := p.next(); one.at != first.at || one.group != first.at {
					t.Fatalf("burst %d of %d: request %d at %d, the first at %d", i, size, j, one.at, first.at)
				}
			}
			gaps = append(gaps, float64(first.at-last)/1e9)
			last = first.at
		}
		exponential := distuv.Exponential{Rate: rate / float64(size)}
		if d, critical := distance(gaps, exponential.CDF), 1.628/math.Sqrt(bursts); d > critical {
			t.Errorf("bursts of %d: Kolmogorov-Smirnov distance of their gaps %.4f, want at most %.4f", size, d, critical)
		}
	}
}

// Every arrival law plans as many requests as its rate says.
func TestPlannedNumber(t *testing.T) {
	const rate, length = 5000, 20e9 // ns
	for _, test := range []struct {
		cfg       Config
		deviation float64 // standard deviation of the number of planned requests
	}{
		{Config{Arrivals: Fixed}, 1},
		{Config{Arrivals: Poisson}, math.Sqrt(rate * length / 1e9)},
		{Config{Arrivals: Paired, Spacing: 100 * time.Microsecond}, 2},
		{Config{Arrivals: Burst, Burst: 16}, 16 * math.Sqrt(rate*length/1e9/16)},
	} {
		test.cfg.Rate, test.cfg.Seed = rate, 23
		n := 0.0
		for p := newPlan(test.cfg, 0); p.next().group < length; {
			n++
		}
		if want := rate * length / 1e9; math.Abs(n-want) > 4*test.deviation {
			t.Errorf("%s: %.0f planned, want %.0f and at most %.0f more or less", test.cfg.Arrivals, n, want, 4*test.deviation)
		}
	}
}

// The plan does not depend on the number of threads that share it. If there are
// two or more, the two requests of a pair belong to different threads.
func TestPlanShared(t *testing.T) {
	for _, cfg := range []Config{
		{Arrivals: Poisson}, {Arrivals: Fixed}, {Arrivals: Paired, Spacing: 5 * time.Microsecond}, {Arrivals: Burst, Burst: 5},
	} {
		cfg.Rate, cfg.Seed = 1000, 5
		whole := take(newPlan(cfg, 0), 120)
		for _, threads := range []int{2, 3, 4} {
			cfg.Threads = threads
			var parts []int64
			for i := range threads {
				parts = append(parts, take(newPlan(cfg, i), 120/threads)...)
				last := uint64(math.MaxUint64)
				for p := newPlan(cfg, i); cfg.Arrivals == Paired && p.index < 1000; {
					pair := p.next().number / 2
					if pair == last {
						t.Errorf("%d threads: number %d has both requests of pair %d", threads, i, pair)
					}
					last = pair
				}
			}
			slices.Sort(parts)
			if !slices.Equal(parts, whole) {
				t.Errorf("%s, %d threads: their parts are not the plan", cfg.Arrivals, threads)
			}
		}
	}
}

// between returns the time that a thread has on average between two planned
// instants of its own.
func TestBetween(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		want float64 // ns
	}{
		{Config{Arrivals: Fixed}, 1e6},
		{Config{Arrivals: Fixed, Threads: 4}, 4e6},
		{Config{Arrivals: Burst, Burst: 8}, 8e6},
		{Config{Arrivals: Burst, Burst: 8, Threads: 2}, 8e6},
		{Config{Arrivals: Burst, Burst: 2, Threads: 4}, 4e6},
		{Config{Arrivals: Paired, Threads: 2}, 2e6},
	} {
		test.cfg.Rate = 1000
		if got := newPlan(test.cfg, 0).between(); got != test.want {
			t.Errorf("%+v: %g ns between two instants, want %g", test.cfg, got, test.want)
		}
	}
}

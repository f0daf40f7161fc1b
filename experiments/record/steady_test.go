package record

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lflab/experiments/stats"
)

// madeBins makes bins with Poisson numbers of answers and exponential
// latencies. Rate and mean latency may depend on the time, which runs from 0 to
// 1.
func madeBins(seed uint64, bins int, perBin, tail float64, rate, latency func(at float64) float64) *Bins {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := &Bins{WidthS: 0.01}
	for i := range bins {
		at := float64(i) / float64(bins)
		var n uint64
		for t := rng.ExpFloat64(); t < perBin*rate(at); t += rng.ExpFloat64() {
			n++
		}
		sum := 0.0
		for range n {
			v := 1e5 * latency(at) * rng.ExpFloat64()
			if rng.Float64() < tail {
				v *= 30
			}
			sum += v
		}
		b.Requests, b.MeanNS = append(b.Requests, n), append(b.MeanNS, math.Round(sum/max(1, float64(n))))
	}
	return b
}

func flat(float64) float64 { return 1 }

// Steady series pass, however few answers a bin has: at most 2 % fail.
func TestSteadySeriesPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bins         int
		perBin, tail float64
	}{
		{52, 15, 0}, {52, 30, 0.005}, {48, 12, 0}, {80, 150, 0}, {80, 150, 0.005}, {100, 1000, 0}, {25, 40, 0}, {25, 500, 0}, {20, 12, 0},
	} {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprint(c, open), func(t *testing.T) {
				failed, cut := 0, 0
				for seed := range uint64(200) {
					p := PhaseResult{Name: "x", Bins: madeBins(seed, c.bins, c.perBin, c.tail, flat, flat)}
					if g := p.Settle(open); !g.OK {
						failed++
					} else if p.SteadyFrom > 0 {
						cut++
					}
					if p.Steady == tooShort {
						t.Fatalf("%+v", p)
					}
				}
				if failed > 4 || cut > 4 {
					t.Errorf("of 200 steady series %d did not pass, and %d were cut", failed, cut)
				}
			})
		}
	}
}

// Settle finds where a series changes; later bins give the true rate
// and latency. Only strong changes fail the gate.
func TestUnsteadySeries(t *testing.T) {
	t.Parallel()
	step := func(at, before float64) func(float64) float64 {
		return func(now float64) float64 {
			if now < at {
				return before
			}
			return 1
		}
	}
	for _, c := range []struct {
		name          string
		rate, latency func(float64) float64
		open          bool
		passes        bool
		steady        stats.Course
		from          [2]int // of 100 bins
	}{
		{"warm-up of a tenth", step(0.1, 0.5), flat, false, true, stats.Warmup, [2]int{9, 12}},
		{"warm-up of 40 %", step(0.4, 0.3), flat, false, false, stats.Warmup, [2]int{39, 42}},
		{"slower after 15 %", step(0.15, 1.5), flat, false, true, stats.Slowdown, [2]int{14, 17}},
		{"change at the end, as neighbours make it", step(0.8, 1.5), flat, false, true, stats.Unsettled, [2]int{}},
		{"warm-up of 40 %, as neighbours make it", step(0.4, 0.7), flat, false, true, stats.Warmup, [2]int{30, 50}},
		{"change at the end", step(0.8, 2.5), flat, false, false, stats.Unsettled, [2]int{}},
		{"slow start, open loop", flat, step(0.2, 3), true, true, stats.Warmup, [2]int{19, 22}},
		{"queue that grows", flat, func(at float64) float64 { return 1 + 9*at }, true, false, stats.Unsettled, [2]int{}},
		{"answers that a closed loop would miss", step(0.8, 1.5), flat, true, true, stats.Flat, [2]int{}},
	} {
		for seed := range uint64(20) {
			p := PhaseResult{Name: "x", Bins: madeBins(seed, 100, 2000, 0, c.rate, c.latency)}
			g := p.Settle(c.open)
			if g.OK != c.passes || p.Steady != c.steady.String() || p.SteadyFrom < c.from[0] || p.SteadyFrom > c.from[1] || g.Detail == "" {
				t.Errorf("%s, seed %d: %s from bin %d, %+v", c.name, seed, p.Steady, p.SteadyFrom, g)
			}
			rate, ok := steady(steadyRate)(&p)
			if want := c.steady != stats.Unsettled; ok != want || ok && !c.open && math.Abs(rate-200000) > 2000 {
				t.Errorf("%s, seed %d: %.0f answers/s (%v), want 200000", c.name, seed, rate, ok)
			}
			mean, ok := steady(steadyLatency)(&p)
			if ok && math.Abs(mean-1e5) > 1e3 {
				t.Errorf("%s, seed %d: latency %.0f ns, want 100000", c.name, seed, mean)
			}
		}
	}
}

func TestTooShortToTell(t *testing.T) {
	for _, b := range []*Bins{nil, {}, madeBins(1, 19, 1000, 0, flat, flat), madeBins(1, 50, 3, 0, flat, flat)} {
		p := PhaseResult{Name: "x", Bins: b}
		if g := p.Settle(true); !g.OK || p.Steady != tooShort {
			t.Errorf("%s, %+v", p.Steady, g)
		}
		if _, ok := steady(steadyRate)(&p); ok {
			t.Error("it has a steady rate")
		}
	}
}

// Speeds that vary at other times in each process show no course. A warm-up
// that all processes share does, however small it is beside them.
func TestCourses(t *testing.T) {
	cell := Cell{"mpm": "one"}
	run := func(seed uint64, rate func(at float64) float64) *Run {
		r := &Run{Manifest: Manifest{Axes: []Axis{{Name: "mpm", Values: []string{"one"}}}, Plan: NewPlan([]Cell{cell}, 16, 1),
			Phases: []Phase{{Name: "closed"}, {Name: "over", Overload: true}, {Name: "short"}}}}
		rng := rand.New(rand.NewPCG(seed, 2))
		for i, p := range r.Manifest.Plan {
			fast, next := rng.IntN(2) == 0, rng.Float64()*0.5
			own := func(at float64) float64 {
				for ; next < at; next += 0.1 + 0.4*rng.Float64() {
					fast = !fast
				}
				if fast {
					return 1.2 * rate(at)
				}
				return rate(at)
			}
			b := madeBins(seed*100+uint64(i), 60, 150, 0, own, flat)
			r.Trials = append(r.Trials, Trial{ID: p.ID, Cell: cell, Repetition: i, Phases: []PhaseResult{
				{Name: "closed", Bins: b}, {Name: "over", Bins: b}, {Name: "short", Bins: madeBins(1, 10, 10, 0, flat, flat)}}})
		}
		return r
	}
	warm := func(at float64) float64 {
		if at < 0.2 {
			return 0.6
		}
		return 1
	}
	without, with := 0, 0
	for seed := range uint64(20) {
		for _, c := range []struct {
			rate func(float64) float64
			n    *int
		}{{flat, &without}, {warm, &with}} {
			courses := run(seed, c.rate).Courses()
			if len(courses) != 1 || courses[0].Trials != 16 || courses[0].Phase != "closed" {
				t.Fatalf("%+v", courses)
			}
			if x := courses[0]; x.Course == stats.Warmup && x.Apart > 0.25 && x.From > 0.1 {
				*c.n++
				if lines := run(seed, c.rate).Unsteady(); len(lines) != 1 || !strings.HasPrefix(lines[0], "one, closed: steady after ") {
					t.Errorf("%+v is told as %q", x, lines)
				}
			}
		}
	}
	if without > 1 || with < 16 {
		t.Errorf("of 20 runs each a warm-up was seen in %d without one and in %d with one", without, with)
	}
	few := run(1, warm)
	few.Trials = few.Trials[:2]
	if got := few.Courses(); len(got) > 0 {
		t.Errorf("two trials: %+v", got)
	}
}

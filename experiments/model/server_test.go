package model

import (
	"math"
	"testing"
)

// near reports whether got is within a share of want.
func near(got, want, share float64) bool { return math.Abs(got-want) <= share*math.Abs(want) }

// A leader and a worker with times as on a small virtual machine.
var (
	smallLeader = Server{Wake: 12e3, Gap: 15e3, Accept: 1e3}
	smallWorker = Server{Wake: 12e3, Gap: 2e3, Rest: 12e3, Accept: 1e3}
)

// The comments work out the expected times in ns by hand, with the rate l per ns:
// the wait for connections that came before, l G^2 / (2 (1 - l G)), plus the wait
// for the wake-up V that ends an idle time, (2 V + l V^2) / (2 (1 + l V)).
func TestAcceptingByHand(t *testing.T) {
	s := smallLeader
	for _, c := range []struct{ rate, want float64 }{
		{0, 12_000},
		// 2e-5 * 2.25e8 / 1.4 + (24000 + 2e-5 * 1.44e8) / 2.48 = 3214.286 + 10838.710
		{20_000, 14_052.995},
		// 6e-5 * 2.25e8 / 0.2 + (24000 + 8640) / 3.44 = 67500 + 9488.372
		{60_000, 76_988.372},
		{1e9 / 15e3, math.Inf(1)},
		{80_000, math.Inf(1)},
	} {
		if got := s.Accepting(c.rate); !(got == c.want || near(got, c.want, 1e-6)) {
			t.Errorf("A at %.0f/s = %.3f, want %.3f", c.rate, got, c.want)
		}
		if want := !math.IsInf(c.want, 1); s.Carries(c.rate) != want {
			t.Errorf("carries %.0f/s: %v, want %v", c.rate, !want, want)
		}
	}
	if got := s.Accepting(-1); !math.IsNaN(got) || s.Carries(-1) {
		t.Errorf("A at -1/s = %v, carried: %v; want NaN, false", got, s.Carries(-1))
	}
	if got := s.Dispatch(math.NaN()); !math.IsNaN(got) {
		t.Errorf("D at NaN = %v, want NaN", got)
	}
}

// At low rates A is V + lambda (G² - V²) / 2: with rising load the worker's
// accept becomes faster at first, and the leader's slower.
func TestAcceptingAtLowRates(t *testing.T) {
	for _, s := range []Server{smallLeader, smallWorker} {
		const rate = 10
		slope := (s.Accepting(rate) - s.Accepting(0)) / (rate * perNs)
		if want := (s.Gap*s.Gap - s.Wake*s.Wake) / 2; !near(slope, want, 0.001) {
			t.Errorf("G = %.0f: A rises by %.0f ns², want %.0f", s.Gap, slope, want)
		}
	}
}

func TestCapacity(t *testing.T) {
	if got := smallLeader.Capacity(1); !near(got, 66_666.67, 1e-6) {
		t.Errorf("one leader carries %.2f/s, want 66666.67", got)
	}
	if got := smallLeader.Capacity(3); !near(got, 200_000, 1e-9) {
		t.Errorf("three leaders carry %.2f/s, want 200000", got)
	}
}

func TestCrossover(t *testing.T) {
	even := smallWorker
	even.Rest = smallLeader.Rest
	late := Server{Wake: 12e3, Gap: 30e3, Rest: 1e3}
	for name, c := range map[string]struct {
		a, b Server
		want float64 // 0: none
	}{
		// Leader and worker have the same V here (Rest), so that the equation of
		// Crossover is quadratic in the rate l, in 1/ns:
		// 225e6 l (1-2e3 l) - 4e6 l (1-15e3 l) = 24e3 (1-15e3 l) (1-2e3 l), so
		// 111e10 l² - 629e6 l + 24e3 = 0, l = (629e6 - sqrt(629e6² - 4*111e10*24e3)) / 222e10.
		"by hand":               {smallLeader, smallWorker, 1e9 * (629e6 - math.Sqrt(629e6*629e6-4*111e10*24e3)) / 222e10},
		"never ahead":           {smallWorker, smallLeader, 0},
		"behind from the start": {smallLeader, even, 0},
		"ahead throughout":      {Server{Wake: 12e3, Gap: 2e3}, late, 0},
		"equal":                 {smallLeader, smallLeader, 0},
		"no gap":                {Server{Wake: 1}, Server{Wake: 2}, 0},
	} {
		got, ok := Crossover(c.a, c.b)
		if ok != (c.want != 0) || ok && !near(got, c.want, 1e-6) {
			t.Errorf("%s: crossover %.3f, %v; want %.3f", name, got, ok, c.want)
		}
		if ok && !near(c.a.Dispatch(got), c.b.Dispatch(got), 1e-6) {
			t.Errorf("%s: at %.0f/s D is %.1f and %.1f, want both the same", name, got, c.a.Dispatch(got), c.b.Dispatch(got))
		}
	}
	// Wake-ups as long as on a virtual machine with two CPUs put the crossover
	// at about 41,000 per second.
	if got, _ := Crossover(smallLeader, smallWorker); got < 40_500 || got > 41_500 {
		t.Errorf("crossover %.0f/s, want about 41000", got)
	}
}

func TestSecondByHand(t *testing.T) {
	s := Server{Wake: 12e3, Gap: 15e3, Rest: 4e3, Accept: 2e3}
	for _, c := range []struct {
		d, want float64
		where   string
	}{
		{0, 31e3, "at once: V + G"},
		{5e3, 26e3, "within the gap"},
		{15e3, 16e3, "at its end as long as alone"},
		{20e3, 11e3, "the thread is coming"},
		{25e3, 6e3, "the accept alone"},
		{26.5e3, 6e3, "the accept alone"},
		{27e3, 16e3, "a wake-up of its own"},
		{1e6, 16e3, "far apart"},
	} {
		if got := s.Second(c.d); got != c.want {
			t.Errorf("D2 after %.0f ns (%s) = %.0f, want %.0f", c.d, c.where, got, c.want)
		}
	}
	if got, want := s.Bends(), [3]float64{15e3, 25e3, 27e3}; got != want {
		t.Errorf("bends at %v, want %v", got, want)
	}
	if !math.IsNaN(s.Second(-1)) {
		t.Error("D2 of a spacing below 0 is a number")
	}
}

// The leader is no worse than the worker at every spacing exactly if G - G_W +
// X <= c + V_q (with one V). Here that is so for hand-offs of 13 µs or more.
func TestSecondNoWorse(t *testing.T) {
	leader := smallLeader
	for _, c := range []struct {
		rest  float64
		worse bool
	}{{12.999e3, true}, {13e3, false}, {13.001e3, false}} {
		worker, worse := smallWorker, false
		worker.Rest = c.rest
		for d := 0.0; d < 40e3; d += 10 {
			worse = worse || leader.Second(d) > worker.Second(d)
		}
		if worse != c.worse {
			t.Errorf("hand-off of %.0f ns: the leader is worse at some spacing: %v, want %v", c.rest, worse, c.worse)
		}
	}
}

package model

import (
	"math/rand/v2"
	"testing"
)

// simulation computes event by event how threads, one at a time, accept
// connections. The tests compare the formulae with it. It shares no code with
// them.
type simulation struct {
	wake, accept float64
	gap          func() float64 // drawn for each accept; includes accept's own time at its end
}

// States of the thread that takes the next connection.
const (
	asleep   = iota // in accept, asleep
	waking          // woken; its accept returns at until
	leading         // between accept's return and the next call of accept, at until
	taking          // in accept with a connection that was queued; returns at until
	entering        // in accept without a connection; not asleep before until
)

// delays returns, for each arrival, the time until the accept that takes it
// returns. arrivals must be in order.
func (m simulation) delays(arrivals []float64) []float64 {
	out := make([]float64, 0, len(arrivals))
	var backlog []float64
	state, until := asleep, 0.0
	accepted := func(now float64) {
		out = append(out, now-backlog[0])
		backlog = backlog[1:]
		state, until = leading, now+m.gap()-m.accept
	}
	for next := 0; len(out) < len(arrivals); {
		if next < len(arrivals) && (state == asleep || arrivals[next] < until) {
			now := arrivals[next]
			next++
			backlog = append(backlog, now)
			switch state {
			case asleep:
				state, until = waking, now+m.wake
			case entering:
				state, until = taking, now+m.accept
			}
			continue
		}
		switch now := until; state {
		case waking, taking:
			accepted(now)
		case leading:
			if state, until = entering, now+m.accept; len(backlog) > 0 {
				state = taking
			}
		case entering:
			state = asleep
		}
	}
	return out
}

// poisson draws n arrivals at a rate per second. Times are in ns.
func poisson(rng *rand.Rand, rate float64, n int) []float64 {
	arrivals := make([]float64, n)
	at := 0.0
	for i := range arrivals {
		at += rng.ExpFloat64() / (rate * perNs)
		arrivals[i] = at
	}
	return arrivals
}

func meanOf(xs []float64) (mean float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	return mean
}

func constant(x float64) func() float64 { return func() float64 { return x } }

func TestFormulaAgreesWithSimulation(t *testing.T) {
	for name, c := range map[string]struct {
		wake, gap float64
		load      float64 // rate times gap
	}{
		"leader, idle":         {12e3, 15e3, 0.02},
		"leader, half":         {12e3, 15e3, 0.5},
		"leader, busy":         {12e3, 15e3, 0.8},
		"worker, idle":         {12e3, 2e3, 0.01},
		"worker, its gap idle": {12e3, 2e3, 0.3},
		"worker, busy":         {12e3, 2e3, 0.8},
		"no wake-up":           {0, 40e3, 0.6},
		"a long wake-up":       {100e3, 10e3, 0.4},
	} {
		t.Run(name, func(t *testing.T) {
			rate := c.load / (c.gap * perNs)
			rng := rand.New(rand.NewPCG(6, 1))
			got := meanOf(simulation{wake: c.wake, gap: constant(c.gap)}.delays(poisson(rng, rate, 500_000)))
			s := Server{Wake: c.wake, Gap: c.gap, Rest: 7e3}
			if want := s.Accepting(rate); !near(got, want, 0.02) {
				t.Errorf("at %.0f/s: simulated A = %.0f ns, the formula gives %.0f", rate, got, want)
			}
			if d := s.Dispatch(rate) - s.Accepting(rate); !near(d, 7e3, 1e-9) {
				t.Errorf("D - A = %v, want the rest, 7000", d)
			}
		})
	}
}

func TestSpreadAgreesWithSimulation(t *testing.T) {
	for name, c := range map[string]struct {
		gap    func(*rand.Rand) float64
		spread float64
	}{
		"exponential":                  {func(r *rand.Rand) float64 { return 20e3 * r.ExpFloat64() }, 1},
		"one in ten is long (91, 9.1)": {func(r *rand.Rand) float64 { return pick(r, 0.1, 110e3, 10e3) }, 2.25}, // 20 µs; sd 30 µs
	} {
		t.Run(name, func(t *testing.T) {
			const rate = 25_000 // half of the rate that it can carry
			rng, gaps := rand.New(rand.NewPCG(6, 2)), rand.New(rand.NewPCG(6, 3))
			got := meanOf(simulation{wake: 12e3, gap: func() float64 { return c.gap(gaps) }}.delays(poisson(rng, rate, 1_000_000)))
			s := Server{Wake: 12e3, Gap: 20e3, Spread: c.spread}
			if want := s.Accepting(rate); !near(got, want, 0.02) {
				t.Errorf("simulated A = %.0f ns, the formula gives %.0f", got, want)
			}
		})
	}
}

func pick(r *rand.Rand, share, a, b float64) float64 {
	if r.Float64() < share {
		return a
	}
	return b
}

// Pairs are a hundred windows apart, so that they do not disturb each other.
// The simulation yields the D2 of the second connections.
func TestPairsAgreeWithSimulation(t *testing.T) {
	for _, s := range []Server{
		{Wake: 12e3, Gap: 15e3, Rest: 4e3, Accept: 2e3},
		{Wake: 12e3, Gap: 3e3, Rest: 20e3, Accept: 1e3},
		{Wake: 9e3, Gap: 9e3},
	} {
		m := simulation{wake: s.Wake, gap: constant(s.Gap), accept: s.Accept}
		for d := 0.0; d <= 1.5*s.Unarmed(); d += 250 {
			var arrivals []float64
			for i := range 3 {
				at := float64(i) * 100 * s.Unarmed()
				arrivals = append(arrivals, at, at+d)
			}
			delays := m.delays(arrivals)
			for i := 1; i < len(delays); i += 2 {
				if got, want := delays[i]+s.Rest, s.Second(d); !near(got, want, 1e-6) {
					t.Fatalf("%+v, second %.0f ns after the first: simulated D2 = %.1f, the formula gives %.1f", s, d, got, want)
				}
			}
		}
	}
}

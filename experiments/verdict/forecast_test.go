package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// noisy makes a run of leader and worker whose log ratio has the given spread.
func noisy(rng *rand.Rand, factor, spread float64, blocks int, q suite.Rule) *record.Run {
	run := made([]record.Axis{mpms}, blocks, func(c record.Cell, block int) float64 {
		d := 30_000 * drift(block) * math.Exp(spread/math.Sqrt2*rng.NormFloat64())
		if c["mpm"] == "leader" {
			d *= factor
		}
		return d
	}, q)
	for i := range run.Trials {
		run.Trials[i].DurationS = 2
	}
	return run
}

// TestForecastComesTrue measures the number of blocks that the forecast of an
// undecided rule gives. By chance alone it may come true a little less often
// than in the promised 80 %, because centre and spread were estimates.
func TestForecastComesTrue(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	decided, forecast := 0, 0
	for forecast < 100 {
		v := Judge(noisy(rng, 0.9, 0.2, 9, ratioBelow(1)))
		f := v.Rules[0].Forecast
		if (v.Outcome == Undecided) != (f != nil) {
			t.Fatalf("%s: forecast %+v", v.Sentence(), f)
		}
		if f == nil || f.Blocks == 0 || f.Blocks > 200 {
			continue
		}
		forecast++
		if f.Unknown || f.More != f.Blocks-9 || f.Time != time.Duration(f.More)*4*time.Second {
			t.Fatalf("%+v", f)
		}
		// The world is as the data said.
		e := v.Rules[0].Pairs[0].Effect
		if Judge(noisy(rng, e.Center, e.Spread(), f.Blocks, ratioBelow(1))).Outcome != Undecided {
			decided++
		}
	}
	if decided < 65 || decided > 97 {
		t.Errorf("%d of %d forecasts came true, want about 80", decided, forecast)
	}
}

// TestForecastOfNothing: blocks without spread, or with an effect on the bound,
// have no forecast, and neither has a single block.
func TestForecastOfNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	if f := Judge(noisy(rng, 0.9, 0.1, 1, ratioBelow(1))).Rules[0].Forecast; f == nil || !f.Unknown || f.Text() != "too few blocks for a forecast" {
		t.Errorf("one block: %+v", f)
	}
	run := pairOf(1, 9, ratioBelow(1)) // exactly 1, so that no number of blocks helps
	for i := range run.Trials {
		run.Trials[i].Phases[0].D.P50 = 30_000 * (1 + 0.1*float64(run.Trials[i].Repetition%2))
		if run.Trials[i].Cell["mpm"] == "leader" && run.Trials[i].Repetition > 0 {
			run.Trials[i].Phases[0].D.P50 = 30_000 * (1.1 - 0.1*float64(run.Trials[i].Repetition%2))
		}
	}
	if f := Judge(run).Rules[0].Forecast; f == nil || f.Blocks != 0 || f.More != 0 {
		t.Errorf("on the bound: %+v", f)
	}
}

// TestForecastOfSeveral: all must be decided, or the cheapest of any.
func TestForecastOfSeveral(t *testing.T) {
	a, b, none := Forecast{Blocks: 20, More: 5}, Forecast{Blocks: 40, More: 31}, Forecast{}
	for _, c := range []struct {
		f, g   Forecast
		either bool
		blocks int
		more   int
	}{{a, b, false, 40, 31}, {a, b, true, 20, 5}, {b, a, true, 20, 5}, {a, none, false, 0, 0}, {a, none, true, 20, 5}, {none, a, true, 20, 5}} {
		if f := (&c.f).with(&c.g, c.either); f.Blocks != c.blocks || f.More != c.more {
			t.Errorf("%+v with %+v, either %v: %+v", c.f, c.g, c.either, f)
		}
	}
}

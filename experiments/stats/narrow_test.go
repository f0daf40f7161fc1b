package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		iv       Interval
		relative float64
		want     bool
	}{
		{Interval{100, 96, 104, 8, 0.96}, 0.05, true},
		{Interval{100, 96, 106, 8, 0.96}, 0.05, false}, // the further end counts
		{Interval{-100, -104, -96, 8, 0.96}, 0.05, true},
		{Interval{100, 100, 100, 5, 0.9375}, 0.05, false}, // too few, however close
		{Interval{0, -1, 1, 8, 0.96}, 0.05, false},
		{Interval{0, 0, 0, 8, 0.96}, 0.05, true},
		{none(), 0.05, false},
	} {
		if got := Narrow(c.iv, c.relative); got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.iv, c.relative, got, c.want)
		}
	}
}

func TestMore(t *testing.T) {
	for name, c := range map[string]struct {
		iv   Interval
		most int
		want int
	}{
		"narrow":                    {Interval{100, 96, 104, 8, 0.96}, 50, 0},
		"twice too wide":            {Interval{100, 90, 110, 8, 0.96}, 50, 24},
		"twice too wide, bounded":   {Interval{100, 90, 110, 8, 0.96}, 10, 10},
		"hardly too wide":           {Interval{100, 94.99, 105, 8, 0.96}, 50, 1},
		"too few":                   {Interval{100, 99, 101, 4, 0.875}, 50, 2},
		"none":                      {none(), 50, 6},
		"none, and none to be had":  {none(), 0, 0},
		"ratio of nothing":          {Interval{100, 90, math.Inf(1), 8, 0.95}, 30, 30},
		"centre of zero":            {Interval{0, -1, 1, 8, 0.96}, 30, 30},
		"seven, without confidence": {Interval{100, 90, 110, 7, 0.9}, 30, 1},
	} {
		if got := More(c.iv, 0.05, c.most); got != c.want {
			t.Errorf("%s: %d more, want %d", name, got, c.want)
		}
	}
}

// Asked for again each time, the guess comes to an end not far from what a
// fixed number would have been.
func TestMoreComesToAnEnd(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 51))
	var total float64
	const rounds = 100
	for range rounds {
		var xs []float64
		for asked := 0; ; asked++ {
			more := More(Summarise(xs), 0.05, 40)
			if more == 0 {
				break
			}
			if asked > 60 || len(xs) > 400 {
				t.Fatalf("still %d more after %d values", more, len(xs))
			}
			for range more {
				xs = append(xs, 100*math.Exp(0.1*rng.NormFloat64()))
			}
		}
		total += float64(len(xs))
	}
	// Of samples of a fixed number, half are narrow at 36 (by simulation); the
	// guesses that fall short cost less than those that go too far.
	if mean := total / rounds; mean < 24 || mean > 72 {
		t.Errorf("stopped at %.0f values on average, want something like 36", mean)
	}
}

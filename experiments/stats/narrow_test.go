package stats

import (
	"testing"
)

func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		iv       Interval
		relative float64
		want     bool
	}{
		{Interval{100, 96, 104, 8, 0.96}, 0.05, true},
		{Interval{100, 96, 106, 8, 0.96}, 0.05, false}, // the end further from the centre counts
		{Interval{-100, -104, -96, 8, 0.96}, 0.05, true},
		{Interval{100, 100, 100, 5, 0.9375}, 0.05, false}, // too few values, however close
		{Interval{0, -1, 1, 8, 0.96}, 0.05, false},
		{Interval{0, 0, 0, 8, 0.96}, 0.05, true},
		{none(), 0.05, false},
	} {
		if got := Narrow(c.iv, c.relative); got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.iv, c.relative, got, c.want)
		}
	}
}

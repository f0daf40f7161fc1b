package plot

import (
	"slices"
	"testing"

	gonum "gonum.org/v1/plot"
)

func labels(ts []gonum.Tick) (ls []string) {
	for _, t := range ts {
		if t.Label != "" {
			ls = append(ls, t.Label)
		}
	}
	return ls
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []string
		marks  int
	}{
		{0.05, 30000, []string{"0.1", "1", "10", "100", "1,000", "10,000"}, 53},
		{4, 60, []string{"5", "10", "20", "50"}, 12},
		{11, 19, []string{"12", "14", "16", "18"}, 4},
		{20, 60, []string{"20", "30", "40", "50", "60"}, 5},
	} {
		ts := logTicks(c.lo, c.hi)
		if got := labels(ts); !slices.Equal(got, c.want) || len(ts) != c.marks {
			t.Errorf("%v to %v: labels %q of %d marks, want %q of %d", c.lo, c.hi, got, len(ts), c.want, c.marks)
		}
	}
}

func TestLinearTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []string
	}{
		{0, 48, []string{"0", "10", "20", "30", "40"}},
		{0, 1, []string{"0", "0.2", "0.4", "0.6", "0.8", "1"}},
		{-1, 1, []string{"-1", "-0.5", "0", "0.5", "1"}},
		{0, 95000, []string{"0", "20,000", "40,000", "60,000", "80,000"}},
	} {
		if got := labels(LinearTicks(c.lo, c.hi)); !slices.Equal(got, c.want) {
			t.Errorf("%v to %v: %q, want %q", c.lo, c.hi, got, c.want)
		}
	}
}

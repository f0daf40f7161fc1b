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

// A linear axis begins where the data does, or at 0 if that is near.
func TestSpanBeginsAtTheData(t *testing.T) {
	for _, c := range []struct{ lo, hi, least, most float64 }{{50, 60, 49, 50}, {22, 80, 16, 22}, {1, 80, 0, 0}, {7, 7, 6, 7}, {0, 0, -1, 0}} {
		a := gonum.Axis{}
		Span(&a, c.lo, c.hi)
		if a.Min < c.least || a.Min > c.most || a.Max <= c.hi {
			t.Errorf("%v to %v: axis from %v to %v", c.lo, c.hi, a.Min, a.Max)
		}
	}
}

// Times of a second and more, which have seven digits in µs, are in s.
func TestLongTimesAreInSeconds(t *testing.T) {
	linear := NewPanel("latency p99 (µs)", "").X
	linear.Min, linear.Max = 0, 2.2e6
	showSeconds(&linear)
	if got, want := labels(linear.Tick.Marker.Ticks(linear.Min, linear.Max)), []string{"0", "0.5", "1", "1.5", "2"}; !slices.Equal(got, want) || linear.Label.Text != "latency p99 (s)" {
		t.Errorf("%s: %q, want %q", linear.Label.Text, got, want)
	}
	log := NewPanel("latency p99 (µs)", "").X
	LogAxis(&log, 1e3, 2e7)
	showSeconds(&log)
	if got, want := labels(log.Tick.Marker.Ticks(log.Min, log.Max)), []string{"1,000", "10,000", "100,000", "1 s", "10 s"}; !slices.Equal(got, want) || log.Label.Text != "latency p99 (µs)" {
		t.Errorf("%s: %q, want %q", log.Label.Text, got, want)
	}
	short := NewPanel("latency p99 (µs)", "").X
	short.Min, short.Max = 0, 9e5
	showSeconds(&short)
	if _, rewritten := short.Tick.Marker.(secondTicks); rewritten {
		t.Error("an axis below a second is in s")
	}
	for axis, want := range map[*gonum.Axis]string{&linear: "1.50 s", &log: "1.50 s"} {
		if got := valueText(axis, 1.5e6); got != want {
			t.Errorf("1.5e6 µs are written %q, want %q", got, want)
		}
	}
	requests := NewPanel("requests", "").X
	if got := valueText(&requests, 1.5e6); got != "1,500,000" {
		t.Errorf("a count is written %q", got)
	}
}

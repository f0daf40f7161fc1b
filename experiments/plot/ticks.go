package plot

import (
	"math"
	"slices"
	"strings"

	"lflab/experiments/words"

	gonum "gonum.org/v1/plot"
)

// logTicks marks 1, 2, … 9 times each power of ten within the axis. It labels
// powers of ten and, on an axis of less than 2.4 decades, 2 and 5 times them.
// An axis of less than 0.7 decades has the ticks of a linear one.
func logTicks(lo, hi float64) []gonum.Tick {
	decades := math.Log10(hi / lo)
	if decades < 0.7 {
		return LinearTicks(lo, hi)
	}
	var ts []gonum.Tick
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for d := 1.0; d < 10; d++ {
			x := d * math.Pow(10, e)
			if x < lo*(1-1e-9) || x > hi*(1+1e-9) {
				continue
			}
			t := gonum.Tick{Value: x}
			if d == 1 || decades < 2.4 && (d == 2 || d == 5) {
				t.Label = words.Number(x)
			}
			ts = append(ts, t)
		}
	}
	return ts
}

// LinearTicks returns about five labelled ticks, whose distance is 1, 2 or 5
// times a power of ten.
func LinearTicks(lo, hi float64) []gonum.Tick {
	step := niceStep((hi - lo) / 5)
	var ts []gonum.Tick
	for i := math.Ceil(lo/step-1e-9) + 0; i*step <= hi+step*1e-9; i++ {
		ts = append(ts, gonum.Tick{Value: i * step, Label: words.Number(i * step)})
	}
	return ts
}

// Span makes an axis linear over values from lo to hi, with a margin. It begins
// just below lo, or at 0 if lo is less than a fifth of hi, because that costs
// little room.
func Span(a *gonum.Axis, lo, hi float64) {
	pad := 0.06 * (hi - lo)
	if pad <= 0 {
		pad = max(math.Abs(hi)*0.1, 1e-9)
	}
	if lo >= 0 && lo < hi/5 {
		lo, pad = 0, 0.08*hi
		a.Min, a.Max = 0, hi+pad
		return
	}
	a.Min, a.Max = lo-pad, hi+pad
}

// seconds is the number of µs from which times are written in s.
const seconds = 1e6

// inMicros reports whether the values of an axis are times in µs.
func inMicros(a *gonum.Axis) bool {
	_, rewritten := a.Tick.Marker.(secondTicks)
	return rewritten || strings.Contains(a.Label.Text, "(µs)")
}

// valueText writes a value of an axis. Times of a second and more are in s.
func valueText(a *gonum.Axis, x float64) string {
	if inMicros(a) && math.Abs(x) >= seconds {
		return words.Short(x/seconds) + " s"
	}
	return words.Short(x)
}

// secondTicks rewrites the labels of an axis of µs in s: all of them (whole),
// or those of a second and more.
type secondTicks struct {
	gonum.Ticker
	whole bool
}

// Ticks returns the ticks with their labels in s.
func (k secondTicks) Ticks(lo, hi float64) []gonum.Tick {
	ts := slices.Clone(k.Ticker.Ticks(lo, hi))
	for i, t := range ts {
		switch {
		case strings.TrimSpace(t.Label) == "":
		case k.whole:
			ts[i].Label = words.Number(t.Value / seconds)
		case t.Value >= seconds:
			ts[i].Label = words.Number(t.Value/seconds) + " s"
		}
	}
	return ts
}

// showSeconds makes an axis of µs that reaches a second show s: as a whole if
// it is linear, and at ticks of a second and more if it is logarithmic.
func showSeconds(a *gonum.Axis) {
	if !inMicros(a) || a.Max < seconds {
		return
	}
	_, log := a.Scale.(gonum.LogScale)
	a.Tick.Marker = secondTicks{a.Tick.Marker, !log}
	if !log {
		a.Label.Text = strings.Replace(a.Label.Text, "(µs)", "(s)", 1)
	}
}

// niceStep returns the smallest number of the form 1, 2 or 5 times a power of
// ten that is at least x, or 1 if x is not positive and finite.
func niceStep(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= x*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

package plot

import (
	"math"

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

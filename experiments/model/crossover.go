package model

import "math"

// crossoverSteps is the number of rates that are tried before the crossing is
// narrowed down.
const crossoverSteps = 1000

// Crossover returns the lowest rate per second at which a's mean dispatch
// latency, having been lower, reaches b's. ok is false if a is never lower, or
// is lower at every rate that it carries. The rate is computed numerically, to
// a billionth of the range.
func Crossover(a, b Server) (rate float64, ok bool) {
	end := min(a.Capacity(1), b.Capacity(1))
	if !(end > 0) || math.IsInf(end, 1) {
		return 0, false
	}
	behind := func(rate float64) bool { return a.Dispatch(rate) >= b.Dispatch(rate) }
	ahead := false
	for i := range crossoverSteps + 1 {
		at := end * float64(i) / crossoverSteps
		switch {
		case !behind(at):
			ahead = true
		case ahead:
			return bisect(behind, end*float64(i-1)/crossoverSteps, at), true
		}
	}
	return 0, false
}

// bisect returns where a condition that is false at lo and true at hi becomes
// true.
func bisect(holds func(float64) bool, lo, hi float64) float64 {
	for range 30 {
		if middle := (lo + hi) / 2; holds(middle) {
			hi = middle
		} else {
			lo = middle
		}
	}
	return hi
}

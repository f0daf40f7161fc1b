package stats

import "math"

// Between is how estimates of one effect from several runs differ.
type Between struct {
	Runs    int     // that have an estimate and a spread
	Within  float64 // standard deviation from block to block, pooled over the runs
	Between float64 // standard deviation from run to run, beyond what blocks explain; NaN for fewer than two runs
}

// BetweenRuns separates the variance of one effect between runs from that
// within them, after DerSimonian and Laird (1986): estimates of log ratios (or
// differences) differ by chance as their blocks do, and what is left is the
// runs'. Few runs say little about it: of two, it is often 0 by chance.
func BetweenRuns(effects []Effect) Between {
	var estimates, variances []float64
	var squares, free float64
	for _, e := range effects {
		spread := e.Spread()
		if e.N < 2 || math.IsInf(spread, 0) {
			continue
		}
		center := e.Center
		if e.ratio {
			center = math.Log(center)
		}
		if math.IsInf(center, 0) || math.IsNaN(center) {
			continue
		}
		n := float64(e.N)
		squares += spread * spread * (n - 1)
		free += n - 1
		estimates = append(estimates, center)
		variances = append(variances, spread*spread*math.Pi/3/n)
	}
	b := Between{Runs: len(estimates), Within: math.NaN(), Between: math.NaN()}
	if free > 0 {
		b.Within = math.Sqrt(squares / free)
	}
	if b.Runs < 2 {
		return b
	}
	var weights, weighted, mean float64
	for i, v := range variances {
		w := 1 / max(v, 1e-12) // runs without spread weigh alike
		weights += w
		weighted += w * w
		mean += w * estimates[i]
	}
	mean /= weights
	q := 0.0
	for i, v := range variances {
		q += (estimates[i] - mean) * (estimates[i] - mean) / max(v, 1e-12)
	}
	b.Between = math.Sqrt(max(0, (q-float64(b.Runs-1))/(weights-weighted/weights)))
	return b
}

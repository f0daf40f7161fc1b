package stats

import "math"

// Gini returns how unevenly a total is divided (Gini 1912): 0 if all values are
// equal, (n-1)/n if one of n has everything. For the requests served by the
// threads of a pool it is 0 if they took turns, and near 1 if one did all the
// work. It is NaN if a value is negative or the total is 0.
func Gini(values []float64) float64 {
	vs := finite(values)
	if len(vs) == 0 || vs[0] < 0 {
		return math.NaN()
	}
	n := float64(len(vs))
	var total, weighted float64
	for i, v := range vs {
		total += v
		weighted += (2*float64(i+1) - n - 1) * v
	}
	if total == 0 {
		return math.NaN()
	}
	return weighted / (n * total)
}

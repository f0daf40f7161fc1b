package stats

import "math"

// Gini gives how unevenly a total is shared out (Gini 1912): 0 when all values
// are equal, (n-1)/n when one of n has it all. For what the threads of a pool
// served it is 0 where they took turns and near 1 where one did the work.
// Values that are negative, and a total of nothing, give NaN.
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

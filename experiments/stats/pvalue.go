package stats

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/combin"
)

// PText formats a p-value for a sentence: "p = 0.017", "p < 0.001", or "no p"
// for NaN.
func PText(p float64) string {
	switch {
	case math.IsNaN(p):
		return "no p"
	case p < 0.001:
		return "p < 0.001"
	case p >= 0.1:
		return fmt.Sprintf("p = %.2f", p)
	}
	return fmt.Sprintf("p = %.3f", p)
}

// PCell formats a p-value for a table: "0.017", "< 0.001", "-".
func PCell(p float64) string {
	if math.IsNaN(p) {
		return "-"
	}
	return strings.TrimPrefix(strings.TrimPrefix(PText(p), "p "), "= ")
}

// LeastP returns the smallest p-value that Compare can return for samples of
// these sizes: that of two samples that do not overlap. It is 1 if one is
// empty.
func LeastP(n, m int) float64 {
	if n == 0 || m == 0 {
		return 1
	}
	return min(1, 2/math.Exp(combin.LogGeneralizedBinomial(float64(n+m), float64(n))))
}

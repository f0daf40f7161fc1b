package stats

import (
	"fmt"
	"math"
	"strings"
)

// Alpha is the p-value below which a difference counts.
const Alpha = 1 - Level

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

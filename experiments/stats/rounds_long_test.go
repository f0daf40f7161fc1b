//go:build long

package stats

import "testing"

// TestManyRoundsCover repeats the coverage tests with enough rounds to notice
// an interval that contains the true value in 90 % of all cases instead of 95
// %. In a few dozen rounds chance alone makes such a difference.
func TestManyRoundsCover(t *testing.T) {
	full = true
	t.Cleanup(func() { full = false }) // after the tests that run in parallel
	t.Run("hierarchical", TestHierarchicalCovers)
	t.Run("hierarchical ratio", TestHierarchicalRatioCovers)
	t.Run("hierarchical paired", TestHierarchicalRatioPairedCancelsDriftAndCovers)
	t.Run("quantile ratios", TestQuantileRatiosCover)
	t.Run("ratio", TestRatioCovers)
	t.Run("segments", TestSegmentsSeldomCutsWhatDoesNotChange)
}

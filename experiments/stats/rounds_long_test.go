//go:build long

package stats

import "testing"

// TestManyRoundsCover adds to the tests of coverage that an interval which holds
// the truth in 90 % of all cases, and not in 95, is noticed: with a few dozen
// rounds chance alone does as much.
func TestManyRoundsCover(t *testing.T) {
	full = true
	t.Cleanup(func() { full = false }) // after tests that run side by side
	t.Run("hierarchical", TestHierarchicalCovers)
	t.Run("hierarchical ratio", TestHierarchicalRatioCovers)
	t.Run("hierarchical paired", TestHierarchicalRatioPairedCancelsDriftAndCovers)
	t.Run("quantile ratios", TestQuantileRatiosCover)
	t.Run("ratio", TestRatioCovers)
	t.Run("segments", TestSegmentsSeldomCutsWhatDoesNotChange)
}

//go:build long

package stats

import "testing"

// TestManyRounds repeats the simulations with enough rounds to notice an
// interval that contains the true value in 94 % of all cases instead of 95 %,
// which in fewer rounds chance alone may make.
func TestManyRounds(t *testing.T) {
	full = true
	t.Cleanup(func() { full = false }) // after the tests that run in parallel
	t.Run("effect", TestEffectCovers)
	t.Run("stopping", TestStoppingCovers)
	t.Run("segments", TestSegmentsSeldomCutsWhatDoesNotChange)
}

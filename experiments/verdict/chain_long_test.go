//go:build long

package verdict

import "testing"

// TestChainOfManyRuns repeats the simulation often enough to notice that 4 %
// of the runs confirm a claim without an effect, instead of 2.5 %.
func TestChainOfManyRuns(t *testing.T) {
	chainRounds = 1500
	t.Cleanup(func() { chainRounds = 40 })
	TestChainDecidesRightly(t)
}

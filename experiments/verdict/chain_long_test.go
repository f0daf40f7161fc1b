//go:build long

package verdict

import "testing"

// TestChainOfManyRuns repeats the simulation often enough to notice that 3.5 %
// of the runs confirm a claim without an effect, instead of 2.5 %.
func TestChainOfManyRuns(t *testing.T) {
	chainRounds = 4000
	t.Cleanup(func() { chainRounds = 40 })
	TestChainDecidesRightly(t)
}

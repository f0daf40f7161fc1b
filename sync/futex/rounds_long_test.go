//go:build long

package futex

import "testing"

// inFull runs a test with all its rounds.
func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestManyWakesAreNotLost adds that no change of a word slips between a
// waiter's look and its wait, be that window hit once in 100,000 turns.
func TestManyWakesAreNotLost(t *testing.T) { inFull(t, TestNoWakeIsLost) }

// TestWaitVLosesNoneOfMany adds the same for one wait on several words.
func TestWaitVLosesNoneOfMany(t *testing.T) { inFull(t, TestWaitVLosesNoWake) }

// TestRobustKilledOften adds deaths at the rarer places, within Lock and Unlock
// and in a wake-up.
func TestRobustKilledOften(t *testing.T) { inFull(t, TestRobustKilledAnywhere) }

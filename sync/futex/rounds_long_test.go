//go:build long

package futex

import "testing"

func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestManyWakesAreNotLost also finds a lost change of a word in a window
// between look and wait that is hit only once in 100,000 turns.
func TestManyWakesAreNotLost(t *testing.T) { inFull(t, TestNoWakeIsLost) }

// TestWaitVLosesNoneOfMany does the same for one wait on several words.
func TestWaitVLosesNoneOfMany(t *testing.T) { inFull(t, TestWaitVLosesNoWake) }

// TestRobustKilledOften also covers deaths at rare places, within Lock and
// Unlock and in a wake-up.
func TestRobustKilledOften(t *testing.T) { inFull(t, TestRobustKilledAnywhere) }

//go:build long

package gate

import "testing"

// inFull runs a test with all its rounds.
func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestManyRounds adds to the short ones that exclusion and visibility hold
// through tens of thousands of hand-overs, also of gates that spin, whose short
// tests make a few dozen.
func TestManyRounds(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"two threads", "more threads than CPUs", "visible to the next holder", "held keeps others out"} {
			conform(t, name)
		}
	})
}

// TestManySignals adds that no gate lets a second thread in when a signal hits
// one of the rarer places of Acquire and Release.
func TestManySignals(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conform(t, "signals while waiting")
		conform(t, "signals at any time")
	})
}

// TestManyAcquiresAllocateNothing adds that nothing grows with the rounds, be
// it by one object in a hundred.
func TestManyAcquiresAllocateNothing(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "no allocation") })
}

// TestSharedManyRounds adds that processes exclude each other through thousands
// of hand-overs, of each kind, user and place of the lock.
func TestSharedManyRounds(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"four processes of two threads", "children of another user", "threads of one process"} {
			conformShared(t, name)
		}
	})
}

// TestSharedManyDeaths adds deaths at the rarer places: with a wake-up under
// way, and of one who was about to hold the gate.
func TestSharedManyDeaths(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"holders are killed", "killed anywhere", "a waiting process is killed"} {
			conformShared(t, name)
		}
	})
}

// TestSharedManyInterruptions adds interruptions at the rarer places, where the
// gate has just been given to the thread that gives up.
func TestSharedManyInterruptions(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conformShared(t, "waits are interrupted")
		conformShared(t, "interrupted while others take it")
	})
}

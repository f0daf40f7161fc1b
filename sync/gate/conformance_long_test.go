//go:build long

package gate

import "testing"

func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestManyRounds checks exclusion and visibility through tens of thousands of
// hand-overs, also for gates that spin, whose short tests make a few dozen.
func TestManyRounds(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"two threads", "more threads than CPUs", "visible to the next holder", "held keeps others out"} {
			conform(t, name)
		}
	})
}

// TestManySignals also covers signals at the rare places of Acquire and
// Release, where a gate might let a second thread in.
func TestManySignals(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conform(t, "signals while waiting")
		conform(t, "signals at any time")
	})
}

// TestManyAcquiresAllocateNothing also finds memory that grows by one object in
// a hundred rounds.
func TestManyAcquiresAllocateNothing(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "no allocation") })
}

// TestSharedManyRounds checks that processes exclude each other through
// thousands of hand-overs, for each kind, user and place of the lock.
func TestSharedManyRounds(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"four processes of two threads", "children of another user", "threads of one process"} {
			conformShared(t, name)
		}
	})
}

// TestSharedManyDeaths also covers deaths at rare places: during a wake-up, and
// of a process that is about to get the gate.
func TestSharedManyDeaths(t *testing.T) {
	inFull(t, func(t *testing.T) {
		for _, name := range []string{"holders are killed", "killed anywhere", "a waiting process is killed"} {
			conformShared(t, name)
		}
	})
}

// TestSharedManyInterruptions also covers interruptions at rare places, where
// the gate has just been given to the thread that gives up.
func TestSharedManyInterruptions(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conformShared(t, "waits are interrupted")
		conformShared(t, "interrupted while others take it")
	})
}

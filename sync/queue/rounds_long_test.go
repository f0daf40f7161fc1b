//go:build long

package queue

import "testing"

func inFull(t *testing.T, test func(*testing.T)) {
	everyRound = true
	defer func() { everyRound = false }()
	test(t)
}

// TestManyItemsOnce also covers rare orders of a hand-off and a worker that
// becomes idle: 200 bursts instead of four for each form, parker and number of
// workers.
func TestManyItemsOnce(t *testing.T) { inFull(t, TestEachItemOnce) }

// TestCloseDrainsOften also covers ends at rare moments: while a worker is
// about to sleep or is being woken.
func TestCloseDrainsOften(t *testing.T) { inFull(t, TestCloseDrains) }

//go:build long

package queue

import "testing"

// inFull runs a test with all its rounds.
func inFull(t *testing.T, test func(*testing.T)) {
	everyRound = true
	defer func() { everyRound = false }()
	test(t)
}

// TestManyItemsOnce adds to the short one that no item is lost or taken twice
// in the rarer orders of a worker's way home and a hand-off: 200 bursts for each
// form, parker and number of workers rather than four.
func TestManyItemsOnce(t *testing.T) { inFull(t, TestEachItemOnce) }

// TestCloseDrainsOften adds ends at the rarer moments: a worker that is about
// to sleep, or is being woken.
func TestCloseDrainsOften(t *testing.T) { inFull(t, TestCloseDrains) }

//go:build long

package sock

import "testing"

func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestCutAgainstManyCloses also covers rare orders of a cut and a close: none
// reaches the socket that gets the descriptor next.
func TestCutAgainstManyCloses(t *testing.T) { inFull(t, TestCutAgainstClose) }

// TestKickAgainstManyReads also covers rare orders of a kick, with which another
// thread ends a wait, and the end of the wait by itself.
func TestKickAgainstManyReads(t *testing.T) { inFull(t, TestKickAgainstReadIdle) }

// TestEveryModeTakesMany also covers the rare moments of each accept mode: an
// edge that comes while a thread is about to sleep.
func TestEveryModeTakesMany(t *testing.T) { inFull(t, TestEveryModeTakesEveryConnection) }

// TestModesEndOften also covers ends that come while threads fall asleep.
func TestModesEndOften(t *testing.T) { inFull(t, TestModesEndWhileAsleep) }

// TestUringServesMany also covers requests that many threads submit before they
// end.
func TestUringServesMany(t *testing.T) { inFull(t, TestUringAcceptServesAll) }

//go:build long

package park

import "testing"

// inFull runs a test with all its rounds.
func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestMillionPingPongs adds to the short games that no wake-up is lost in a
// window of a few instructions, which one hand-off in a million may hit.
func TestMillionPingPongs(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "ping-pong") })
}

// TestManyPermitsRaceDeadlines adds that no interleaving of a permit with a
// deadline that is rarer than one in a few thousand loses or doubles a permit.
func TestManyPermitsRaceDeadlines(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "permit races deadline") })
}

// TestManyWakersOfOne adds that none of the rarer orders of four wakers has two
// of them, or none, say that they woke the owner.
func TestManyWakersOfOne(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "one waker of many wakes") })
}

// TestManyInterruptions adds that sleeps survive signals and stray wake-ups
// that hit them at the rarer moments: while they begin, and while they are
// begun again.
func TestManyInterruptions(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conform(t, "signals")
		conform(t, "spurious wake")
	})
}

// TestLifoSemManyPosts adds that posts, waits and deadlines of a LifoSem lose
// nothing when its list has been rebuilt tens of thousands of times.
func TestLifoSemManyPosts(t *testing.T) {
	inFull(t, func(t *testing.T) {
		t.Run("no deadlines", TestLifoSemLosesNoWake)
		t.Run("deadlines", TestLifoSemWithDeadlines)
	})
}

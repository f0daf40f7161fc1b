//go:build long

package park

import "testing"

func inFull(t *testing.T, test func(*testing.T)) {
	full = true
	defer func() { full = false }()
	test(t)
}

// TestMillionPingPongs also finds a wake-up lost in a window of a few
// instructions, which one hand-off in a million may hit.
func TestMillionPingPongs(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "ping-pong") })
}

// TestManyPermitsRaceDeadlines also covers interleavings of a permit with a
// deadline that are rarer than one in a few thousand.
func TestManyPermitsRaceDeadlines(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "permit races deadline") })
}

// TestManyWakersOfOne also covers rare orders of four wakers, of which exactly
// one must report that it woke the owner.
func TestManyWakersOfOne(t *testing.T) {
	inFull(t, func(t *testing.T) { conform(t, "one waker of many wakes") })
}

// TestManyInterruptions also covers signals and stray wake-ups at rare moments:
// while a sleep begins, and while it is restarted.
func TestManyInterruptions(t *testing.T) {
	inFull(t, func(t *testing.T) {
		conform(t, "signals")
		conform(t, "spurious wake")
	})
}

// TestLifoSemManyPosts checks that posts, waits and deadlines of a LifoSem lose
// nothing when its list has been rebuilt tens of thousands of times.
func TestLifoSemManyPosts(t *testing.T) {
	inFull(t, func(t *testing.T) {
		t.Run("no deadlines", TestLifoSemLosesNoWake)
		t.Run("deadlines", TestLifoSemWithDeadlines)
	})
}

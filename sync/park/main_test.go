package park

import (
	"os"
	"runtime"
	"testing"
)

// raceDetector is true in tests that run under the race detector, which makes
// them ten times slower.
var raceDetector bool

// TestMain leaves a P for each of two locked threads and for the test itself.
// With fewer of them a woken thread waits for the scheduler, and the tests take
// a hundred times as long.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4))
	os.Exit(m.Run())
}

// full is true during a long test.
var full bool

// scaled returns the number of rounds: quick in ordinary runs, many in long
// tests. On a busy machine a round costs about a turn of the scheduler.
func scaled(quick, many int) int {
	switch {
	case full:
		return many
	case testing.Short():
		return max(quick/4, 1)
	}
	return quick
}

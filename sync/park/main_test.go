package park

import (
	"os"
	"runtime"
	"testing"
)

// raceDetector is set in tests that run under the race detector, ten times slower.
var raceDetector bool

// TestMain leaves a P for each of two locked threads and for the test itself:
// with fewer of them a woken thread waits for the scheduler, and the tests take
// a hundred times as long.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4))
	os.Exit(m.Run())
}

// full is set while a long test runs.
var full bool

// scaled is a number of rounds: quick in every run, many in the long tests.
// Beside a busy neighbour a round costs about a turn of the scheduler.
func scaled(quick, many int) int {
	switch {
	case full:
		return many
	case testing.Short():
		return max(quick/4, 1)
	}
	return quick
}

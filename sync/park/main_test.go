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

// scaled is a number of rounds, less where they are slow and where time is
// short. The log says so.
func scaled(t *testing.T, rounds int) int {
	switch {
	case testing.Short():
		t.Logf("%d rounds of %d: -short", rounds/100, rounds)
		return rounds / 100
	case raceDetector:
		t.Logf("%d rounds of %d: race detector", rounds/20, rounds)
		return rounds / 20
	}
	return rounds
}

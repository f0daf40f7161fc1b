package gate

import (
	"os"
	"runtime"
	"testing"
)

// raceDetector is set in tests that run under the race detector, ten times slower.
var raceDetector bool

// TestMain leaves a P for each thread of a test and for the test itself: a
// thread that spins keeps its P, and so does one that makes a raw call.
func TestMain(m *testing.M) {
	if errand := os.Getenv(childShares); errand != "" {
		runErrand(errand)
	}
	if semaphore := os.Getenv(childHolds); semaphore != "" {
		child(semaphore)
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 12))
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

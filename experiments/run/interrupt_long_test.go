//go:build long

package run

import (
	"strings"
	"testing"
)

// TestInterruptedOften adds to TestInterruptedAnywhere the shorter moments of a
// trial: it interrupts one run about three times as often.
func TestInterruptedOften(t *testing.T) {
	t.Parallel()
	interruptAnywhere(t, strings.Replace(interruptedSuite, "repeat = 3", "repeat = 6", 1), 10)
}

// TestFullDiskAnywhere adds to TestFullDisk more sizes of the full disk.
func TestFullDiskAnywhere(t *testing.T) {
	t.Parallel()
	fullDisk(t, []int{-1 << 20, -700, -1 << 19, 0, 200, 1000, -1000, 0})
}

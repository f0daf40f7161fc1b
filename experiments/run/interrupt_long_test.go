//go:build long

package run

import (
	"strings"
	"testing"
)

// TestInterruptedOften adds to TestInterruptedAnywhere moments of a trial that
// are shorter than others: three times as many lives of one run.
func TestInterruptedOften(t *testing.T) {
	t.Parallel()
	interruptAnywhere(t, strings.Replace(interruptedSuite, "repeat = 3", "repeat = 6", 1), 10)
}

// TestFullDiskAnywhere adds to TestFullDisk other places of a file that a disk
// can end at.
func TestFullDiskAnywhere(t *testing.T) {
	t.Parallel()
	fullDisk(t, []int{-1 << 20, -700, -1 << 19, 0, 200, 1000, -1000, 0})
}

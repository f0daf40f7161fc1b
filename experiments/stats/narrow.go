package stats

import "math"

// NarrowEnough is how far either end of an interval may lie from its centre, as a
// share of the centre, when measuring ends. Differences below it are not told.
const NarrowEnough = 0.05

// Narrow reports whether an interval reaches Level and neither end is further
// from the centre than relative times the centre (0.05: within 5 %). A centre
// of zero is never narrow, but for an interval without width.
//
// To stop measuring when this first holds is to look often and to stop when
// luck has it narrow: the interval then covers somewhat less than it says,
// most of all right after the fewest values (six) that reach Level at all. It
// is the width that is looked at, not on which side of a bound it lies, so that
// the stop favours no verdict. Look once per block, not once per process, and
// say in the report that the number of processes was not fixed.
func Narrow(i Interval, relative float64) bool {
	return i.Enough() && halfWidth(i) <= relative*math.Abs(i.Center)
}

// halfWidth is how far the further end is from the centre.
func halfWidth(i Interval) float64 { return max(i.Center-i.Lo, i.Hi-i.Center) }

package stats

import "math"

// NarrowEnough is how far an end of an interval may lie from its centre, as a
// share of the centre, when measuring stops. Smaller differences are not
// reported.
const NarrowEnough = 0.05

// Narrow reports whether an interval reaches Level and neither end is further
// from the centre than relative times the centre (0.05: within 5 %). With a
// centre of zero only an interval of zero width is narrow.
//
// Stopping as soon as this holds means to check often and to stop when the
// interval is narrow by chance. So the interval covers slightly less than
// Level, especially right after the fewest values (six) that reach Level. The
// check uses only the width and not the side of a bound, so it favours no
// verdict. Check once per block, not once per process, and report that the
// number of processes was not fixed.
func Narrow(i Interval, relative float64) bool {
	return i.Enough() && halfWidth(i) <= relative*math.Abs(i.Center)
}

// halfWidth returns the distance of the further end from the centre.
func halfWidth(i Interval) float64 { return max(i.Center-i.Lo, i.Hi-i.Center) }

package stats

import "math"

// NarrowEnough is how far an end of an interval may lie from its centre, as a
// share of the centre, when measuring stops. Smaller differences are not
// reported.
const NarrowEnough = 0.05

// FewestLooks is the smallest number of values at which measuring may stop
// because an interval is narrow. From there on, and with two looks in a row, an
// interval covers 94 % or more.
const FewestLooks = 9

// Narrow reports whether an interval reaches Level and neither end is further
// from the centre than relative times the centre (0.05: within 5 %). With a
// centre of zero only an interval of zero width is narrow.
//
// Stopping as soon as this holds means to check often and to stop when the
// interval is narrow by chance. So begin with FewestLooks values, check once per
// block, stop when it holds at two checks in a row, and report that the number
// of values was not fixed. The check uses only the width and not the side of a
// bound, so it favours no verdict.
func Narrow(i Interval, relative float64) bool {
	return i.Enough() && halfWidth(i) <= relative*math.Abs(i.Center)
}

// halfWidth returns the distance of the further end from the centre.
func halfWidth(i Interval) float64 { return max(i.Center-i.Lo, i.Hi-i.Center) }

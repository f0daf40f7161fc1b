package stats

import "math"

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

// More estimates how many further values make an interval narrow: its width
// goes with 1/sqrt(n), so that half of it takes four times the values. It is 0
// for one that is narrow and otherwise from 1 to most, but no fewer than reach
// six values in all, which any statement at Level takes.
//
// It is a guess. The width of an interval of few values is itself uncertain by
// a third or so, and one of order statistics goes in steps (six to eight values
// all give the range, which does not shrink): ask again once they are there.
func More(i Interval, relative float64, most int) int {
	switch {
	case Narrow(i, relative):
		return 0
	case i.N < fewest || !i.Enough():
		return max(0, min(most, max(1, fewest-i.N)))
	}
	factor := halfWidth(i) / (relative * math.Abs(i.Center))
	needed := math.Ceil(float64(i.N)*factor*factor) - float64(i.N)
	if !(needed < float64(most)) { // NaN too: nothing is known of it
		return max(0, most)
	}
	return max(1, int(needed))
}

// halfWidth is how far the further end is from the centre.
func halfWidth(i Interval) float64 { return max(i.Center-i.Lo, i.Hi-i.Center) }

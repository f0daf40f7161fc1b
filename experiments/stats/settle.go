package stats

import "math"

// Course is what became of a series in time (the classes of Barrett et al.,
// OOPSLA 2017).
type Course uint8

const (
	Unsettled Course = iota // no steady state: its second half still changes, or it is too short to tell
	Flat                    // one level from the start
	Warmup                  // settled, on a level better than those before
	Slowdown                // settled, on a level worse than one before
)

var courses = [...]string{Unsettled: "no steady state", Flat: "flat", Warmup: "warmup", Slowdown: "slowdown"}

func (c Course) String() string { return courses[c] }

// Better tells which of two values of a series is the better one.
type Better uint8

const (
	Lower  Better = iota // times
	Higher               // rates
)

// alike is how far two levels may lie apart, as a share of the later one, and
// still be one steady state, where the noise is not larger than that.
const alike = 0.01

// Settle gives how many values to cut from the start of a series, one value per
// interval, so that what is left is its steady state; ok tells whether it has
// one. The steady state is the last segment (see Segments) with all those right
// before it whose levels are equivalent: no further from the last one's than
// the noise of single intervals, or 1 % of the level where that is more. The
// series has settled if this holds for its second half at least. If it changed
// later than that, it may change again: ok is false, and cut is where the last
// level begins.
//
// Fewer than ten values cannot tell: cut is 0 and ok false.
func Settle(series []float64) (cut int, ok bool) {
	_, cut, ok = steady(series)
	return cut, ok
}

// Classify tells the course of a series of which the better values are as said.
// What came before the steady state decides: it is a slowdown if any level there
// was better, by more than is equivalent, and a warmup if none was.
func Classify(series []float64, better Better) Course {
	changes, cut, ok := steady(series)
	switch {
	case !ok:
		return Unsettled
	case cut == 0:
		return Flat
	}
	for _, change := range changes {
		if better == Higher && change < 0 || better == Lower && change > 0 {
			return Slowdown
		}
	}
	return Warmup
}

// steady is Settle, and how far the steady state lies above each level before
// it that is not equivalent.
func steady(series []float64) (changes []float64, cut int, ok bool) {
	vs, _ := numbered(series)
	if len(vs) < 2*shortest {
		return nil, 0, false
	}
	segments := Segments(series)
	level := segments[len(segments)-1].Level
	margin := max(noise(vs), alike*math.Abs(level))
	first := len(segments) - 1
	for first > 0 && math.Abs(segments[first-1].Level-level) <= margin {
		first--
	}
	for _, s := range segments[:first] {
		if change := level - s.Level; math.Abs(change) > margin {
			changes = append(changes, change)
		}
	}
	cut = segments[first].From
	return changes, cut, 2*cut <= len(series)
}

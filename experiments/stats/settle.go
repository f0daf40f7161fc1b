package stats

import "math"

// Course describes how a series develops over time (the classes of Barrett et
// al., OOPSLA 2017).
type Course uint8

const (
	Unsettled Course = iota // no steady state: its second half still changes, or it is too short
	Flat                    // one level from the start
	Warmup                  // settled at a better level than all before
	Slowdown                // settled at a worse level than one before
)

var courses = [...]string{Unsettled: "no steady state", Flat: "flat", Warmup: "warmup", Slowdown: "slowdown"}

func (c Course) String() string { return courses[c] }

// Better says which of two values of a series is better.
type Better uint8

const (
	Lower  Better = iota // times
	Higher               // rates
)

// alike is how far two levels may differ, as a share of the later one, and
// still be one steady state, unless the noise allows more.
const alike = 0.01

// Settle returns how many values to cut from the start of a series, one value
// per interval, so that the rest is its steady state. ok says whether there is
// one. The steady state is the last segment (see Segments) together with those
// directly before it whose levels are equivalent: they differ from the last
// level by at most the noise of single intervals, or by 1 % if that is more.
// The series has settled if this covers at least its second half. If it changed
// later, it may change again: then ok is false, and cut is where the last level
// begins.
//
// For fewer than ten values cut is 0 and ok is false.
func Settle(series []float64) (cut int, ok bool) {
	_, cut, ok = steady(series)
	return cut, ok
}

// Classify returns the course of a series. The levels before the steady state
// decide: it is a slowdown if one of them was better by more than is
// equivalent, and otherwise a warm-up.
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

// steady is Settle. changes says how far the steady state lies above each
// earlier level that is not equivalent.
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

package stats

import (
	"math"
	"slices"
)

// Segment is a stretch of a series without a change in it: values From to To-1,
// around their median.
type Segment struct {
	From, To int
	Level    float64
}

const (
	// shortest segment, in values: fewer are outliers, however far out. A
	// collection or a stall takes one interval or two of a tenth of a second.
	shortest = 5

	// penalty for each change, times the logarithm of the number of values, in
	// the unit of the loss. See Segments.
	penalty = 4

	// finest noise that is reckoned with, as a share of the level: steps below
	// it are nobody's concern, and a series that repeats its values has none.
	finest = 0.002
)

// Segments cuts a series into stretches between changes of its level: the
// segmentation, of all there are with at least five values each, that has the
// least sum over values of |value - median of its segment| / noise, plus a
// penalty of 4 ln n for each change. It is exact (optimal partitioning, Jackson
// et al. 2005), in time that grows with the square of n: meant for some hundreds
// of values.
//
// The loss grows with the distance and not its square, and no segment is short
// enough to hold an outlier alone: single intervals far out change nothing
// (they are not taken out first as by Barrett et al., OOPSLA 2017). The noise is
// the mean deviation that the median step between neighbours tells of, so that
// levels do not count as noise. The penalty is such that fewer than one in a
// hundred series of 20 to 200 independent values without a change is cut, be
// they normal or heavy-tailed (Student's with 3 degrees), and one in ten of
// those whose values follow their neighbours by half. Values that follow by
// more (0.8) wander, and most such series are cut: they are no steady level.
//
// NaN and infinite values are passed over: From and To count them, though. A
// series without ten other values is one segment; without any there is none.
func Segments(series []float64) []Segment {
	vs, at := numbered(series)
	if len(vs) == 0 {
		return nil
	}
	cuts := partition(vs, noise(vs), penalty*math.Log(float64(len(vs))))
	segments := make([]Segment, len(cuts))
	for i, from := range cuts {
		to, next := len(vs), len(series)
		if i+1 < len(cuts) {
			to = cuts[i+1]
			next = at[to]
		}
		segments[i] = Segment{From: at[from], To: next, Level: Median(vs[from:to])}
	}
	segments[0].From = 0
	return segments
}

// partition gives where the segments of the best segmentation start. Of those
// that are equally good it is the one whose last change is the earliest.
func partition(vs []float64, scale, penalty float64) []int {
	n := len(vs)
	if n < 2*shortest || scale == 0 {
		return []int{0}
	}
	best := make([]float64, n+1) // of the first so many values, one penalty per segment
	last := make([]int, n+1)     // where its last segment starts
	best[0] = 0
	for i := 1; i <= n; i++ {
		best[i] = math.Inf(1)
	}
	// Segments that start at from are costed as they grow, so that best[from]
	// must be final by then: it is, all of its segments start before.
	for from := 0; from+shortest <= n; from++ {
		if math.IsInf(best[from], 1) {
			continue
		}
		var d deviation
		for to := from + 1; to <= n; to++ {
			d.add(vs[to-1])
			if to-from < shortest {
				continue
			}
			if cost := best[from] + d.sum/scale + penalty; cost < best[to] {
				best[to], last[to] = cost, from
			}
		}
	}
	var cuts []int
	for at := n; at > 0; at = last[at] {
		cuts = append(cuts, last[at])
	}
	slices.Reverse(cuts)
	return cuts
}

// deviation is the sum of distances from the median of values added one by one.
type deviation struct {
	sorted []float64
	sum    float64
}

// add counts a value in. With an even number of values before, any point
// between the middle two is a median; with an odd number, the middle one stays
// a median. Either way the sum grows by the new value's distance from there.
func (d *deviation) add(x float64) {
	n := len(d.sorted)
	if n > 0 {
		lo, hi := d.sorted[(n-1)/2], d.sorted[n/2]
		d.sum += max(lo-x, x-hi, 0)
	}
	at, _ := slices.BinarySearch(d.sorted, x)
	d.sorted = slices.Insert(d.sorted, at, x)
}

// noise is the mean deviation of values around their level, from the steps
// between neighbours: of normal values a step's median is 0.954 standard
// deviations, and the mean deviation 0.798.
func noise(vs []float64) float64 {
	steps := make([]float64, max(0, len(vs)-1))
	for i := range steps {
		steps[i] = math.Abs(vs[i+1] - vs[i])
	}
	if len(steps) == 0 {
		return 0
	}
	floor := finest * math.Abs(Median(vs))
	if middle := Median(steps); middle > 0 {
		return max(floor, middle*0.798/0.954)
	}
	return max(floor, Mean(steps))
}

// numbered gives the values that are numbers and the place of each.
func numbered(series []float64) (vs []float64, at []int) {
	for i, x := range series {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			vs, at = append(vs, x), append(at, i)
		}
	}
	return vs, at
}

package stats

import (
	"math"
	"slices"
)

// Segment is a part of a series without a change: values From to To-1, around
// their median.
type Segment struct {
	From, To int
	Level    float64
}

const (
	// shortest is the least number of values of a segment. Fewer values are
	// outliers, however far out. A garbage collection or a stall affects one or
	// two intervals of a tenth of a second.
	shortest = 5

	// penalty is the cost of each change, times the logarithm of the number of
	// values, in the unit of the loss. See Segments.
	penalty = 4

	// finest is the least noise that is assumed, as a share of the level.
	// Smaller steps do not matter, and a series of equal values would have no
	// noise.
	finest = 0.002
)

// Segments divides a series at the changes of its level. Of all segmentations
// with at least five values per segment, it finds the one with the smallest sum
// over values of |value - median of its segment| / noise, plus a penalty of 4
// ln n for each change. It is exact (optimal partitioning, Jackson et al.
// 2005). Its time grows with the square of n, so it is for some hundreds of
// values.
//
// The loss grows with the distance and not with its square, and no segment is
// short enough to contain only an outlier. So single intervals far out change
// nothing, and need not be removed first as by Barrett et al. (OOPSLA 2017).
// The noise is a mean deviation, computed from the median step between
// neighbours, so that changes of the level do not count as noise. With this
// penalty, fewer than 1 in 100 series of 20 to 200 independent values without a
// change are divided, be the values normal or heavy-tailed (Student's with 3
// degrees), and 1 in 10 of the series whose neighbours correlate by 0.5. With a
// correlation of 0.8 values wander, and most such series are divided, because
// they have no steady level.
//
// NaN and infinite values are skipped, but From and To count them. A series
// with fewer than ten other values is one segment; with none it has no segment.
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

// partition returns where the segments of the best segmentation start. Of
// equally good ones it takes the one whose last change is earliest.
func partition(vs []float64, scale, penalty float64) []int {
	n := len(vs)
	if n < 2*shortest || scale == 0 {
		return []int{0}
	}
	best := make([]float64, n+1) // cost of the first i values, with one penalty per segment
	last := make([]int, n+1)     // start of their last segment
	best[0] = 0
	for i := 1; i <= n; i++ {
		best[i] = math.Inf(1)
	}
	// When segments that start at from are tried, best[from] is final, because
	// all segments that end there start earlier.
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

// deviation is the sum of the distances of values from their median. Values are
// added one by one.
type deviation struct {
	sorted []float64
	sum    float64
}

// add adds a value. With an even number of values before, any point between the
// middle two is a median. With an odd number, the middle one stays a median.
// Either way the sum grows by the new value's distance from there.
func (d *deviation) add(x float64) {
	n := len(d.sorted)
	if n > 0 {
		lo, hi := d.sorted[(n-1)/2], d.sorted[n/2]
		d.sum += max(lo-x, x-hi, 0)
	}
	at, _ := slices.BinarySearch(d.sorted, x)
	d.sorted = slices.Insert(d.sorted, at, x)
}

// noise estimates the mean deviation of values from their level by the steps
// between neighbours. For normal values the median step is 0.954 standard
// deviations, and the mean deviation is 0.798.
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

// numbered returns the finite values and the index of each.
func numbered(series []float64) (vs []float64, at []int) {
	for i, x := range series {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			vs, at = append(vs, x), append(at, i)
		}
	}
	return vs, at
}

package probe

import (
	"math/bits"

	"lflab/experiments/stats"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The kernel's histograms have 16 buckets for each power of two. A bucket is
// identified by its lower bound, which belongs to it.
const (
	subBits = 4
	sub     = 1 << subBits
	buckets = 496 // from 0 ns to 17 s; the last one also holds longer times
)

// bucketOf returns the bucket of a duration in nanoseconds.
func bucketOf(ns uint64) int {
	if ns < sub {
		return int(ns)
	}
	exponent := bits.Len64(ns) - 1
	return min((exponent-subBits+1)*sub+int(ns>>(exponent-subBits))&(sub-1), buckets-1)
}

// lower is the least duration in bucket b, in nanoseconds; lower(buckets) ends
// lower returns the smallest duration of bucket b, in nanoseconds.
// lower(buckets) is the end of the last one.
func lower(b int) uint64 {
	if b < sub {
		return uint64(b)
	}
	exponent := b/sub + subBits - 1
	return (uint64(1)<<subBits | uint64(b%sub)) << (exponent - subBits)
}

// Histogram is a distribution of durations in nanoseconds, as the kernel keeps
// it: buckets at most 6.25 % wide, and the exact count, sum, minimum and
// maximum. The zero value is empty.
type Histogram struct {
	Count, Sum, Min, Max uint64
	Buckets              [buckets]uint64
}

// Observe adds one duration, as the kernel programs do.
func (h *Histogram) Observe(ns uint64) {
	if h.Count == 0 || ns < h.Min {
		h.Min = ns
	}
	h.Max = max(h.Max, ns)
	h.Count++
	h.Sum += ns
	h.Buckets[bucketOf(ns)]++
}

// Merge adds all values of o.
func (h *Histogram) Merge(o *Histogram) {
	if o.Count == 0 {
		return
	}
	if h.Count == 0 || o.Min < h.Min {
		h.Min = o.Min
	}
	h.Max = max(h.Max, o.Max)
	h.Count += o.Count
	h.Sum += o.Sum
	for b, n := range o.Buckets {
		h.Buckets[b] += n
	}
}

// Quantile returns the duration below which a share q of the values lies, in
// nanoseconds. It assumes that values are spread evenly within a bucket, so its
// error is at most the bucket's width.
func (h *Histogram) Quantile(q float64) float64 {
	if h.Count == 0 {
		return 0
	}
	rank := q * float64(h.Count)
	below := 0.0
	for b, n := range h.Buckets {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		from, to := max(float64(lower(b)), float64(h.Min)), float64(h.Max)
		if b < buckets-1 { // the last bucket has no end
			to = min(to, float64(lower(b+1)))
		}
		return from + (to-from)*(rank-below)/float64(n)
	}
	return float64(h.Max)
}

// Mean returns the exact mean.
func (h *Histogram) Mean() float64 {
	if h.Count == 0 {
		return 0
	}
	return float64(h.Sum) / float64(h.Count)
}

// Dist summarises h. Count, mean and maximum are exact. Quantiles of too few
// values are left out.
func (h *Histogram) Dist() stats.Dist {
	return stats.Dist{Count: int64(h.Count), Mean: h.Mean(), Max: float64(h.Max)}.WithQuantiles(h.Quantile)
}

// HDR converts h to the project's usual histogram. It puts each bucket's values
// in the bucket's middle.
func (h *Histogram) HDR() *hdrhistogram.Histogram {
	out := hdrhistogram.New(1, 60e9, 3)
	for b, n := range h.Buckets {
		if n > 0 {
			middle := min(max((lower(b)+lower(b+1))/2, h.Min), h.Max)
			_ = out.RecordValues(int64(min(max(middle, 1), 60e9)), int64(n)) // it is in range
		}
	}
	return out
}

// Log2 counts by powers of two: element i counts durations from 2^i to 2^(i+1)
// ns, and element 0 also 0. Trailing zeros are left out.
func (h *Histogram) Log2() []uint64 {
	var counts []uint64
	for b, n := range h.Buckets {
		if n == 0 {
			continue
		}
		i := max(bits.Len64(lower(b)), 1) - 1
		for len(counts) <= i {
			counts = append(counts, 0)
		}
		counts[i] += n
	}
	return counts
}

// Below returns how many values are less than ns. It is exact if ns is the lower
// bound of a bucket, as powers of two and halves between them are from 16 ns on.
func (h *Histogram) Below(ns uint64) (n uint64) {
	for _, count := range h.Buckets[:bucketOf(ns)] {
		n += count
	}
	return n
}

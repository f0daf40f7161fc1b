package stats

import (
	"errors"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// CDF gives the points of a histogram's cumulative distribution: a share ps[i]
// of the values is at most xs[i]. xs are the upper ends of the buckets that
// hold anything, rising, in the unit recorded; the last of ps is 1. A nil or
// empty histogram gives none.
func CDF(h *hdrhistogram.Histogram) (xs, ps []float64) {
	if empty(h) {
		return nil, nil
	}
	var seen int64
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		seen += bar.Count
		xs = append(xs, float64(bar.To))
		ps = append(ps, float64(seen)/float64(h.TotalCount()))
	}
	return xs, ps
}

// Merge adds histograms up into a new one of the first one's range, for the
// curve through all values. nil ones are passed over; none at all is an
// error, and so is a value that lies outside the first one's range.
func Merge(hs []*hdrhistogram.Histogram) (*hdrhistogram.Histogram, error) {
	var sum *hdrhistogram.Histogram
	for _, h := range hs {
		switch {
		case h == nil:
		case sum == nil:
			sum = h.Clone()
		default:
			if lost := sum.Merge(h); lost > 0 {
				return nil, fmt.Errorf("merge histograms: %d values outside the range %d to %d (histograms of one kind share their range)",
					lost, sum.LowestTrackableValue(), sum.HighestTrackableValue())
			}
		}
	}
	if sum == nil {
		return nil, errors.New("merge histograms: there is none")
	}
	return sum, nil
}

// Band gives, for each share p of ps (0 < p < 1), the median and interval over
// processes of the p-quantile: each histogram is one process and counts as one
// value, however many requests it holds. Empty ones are passed over.
func Band(hs []*hdrhistogram.Histogram, ps []float64) []Interval {
	band := make([]Interval, len(ps))
	for i, p := range ps {
		var qs []float64
		for _, h := range hs {
			if !empty(h) {
				qs = append(qs, float64(h.ValueAtPercentile(100*p)))
			}
		}
		band[i] = Summarise(qs)
	}
	return band
}

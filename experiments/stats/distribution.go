package stats

import "github.com/HdrHistogram/hdrhistogram-go"

// CDF returns the points of a histogram's cumulative distribution: a share
// ps[i] of the values is at most xs[i]. xs are the upper ends of the non-empty
// buckets, in ascending order, in the recorded unit. The last of ps is 1. A nil
// or empty histogram has no points.
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

// Band returns, for each p of ps (0 < p < 1), the median and interval over
// processes of the p-quantile. Each histogram is one process and counts as one
// value, however many requests it holds. Those with fewer than ten values beyond
// the quantile are skipped.
func Band(hs []*hdrhistogram.Histogram, ps []float64) []Interval {
	band := make([]Interval, len(ps))
	for i, p := range ps {
		var qs []float64
		for _, h := range hs {
			if !empty(h) && Supports(h.TotalCount(), p) {
				qs = append(qs, float64(h.ValueAtPercentile(100*p)))
			}
		}
		band[i] = Summarise(qs)
	}
	return band
}

func empty(h *hdrhistogram.Histogram) bool { return h == nil || h.TotalCount() == 0 }

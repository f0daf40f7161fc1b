package stats

import (
	"github.com/HdrHistogram/hdrhistogram-go"
)

// Quantile returns the p-quantile (0 < p < 1) of the requests of all processes
// together, with an interval. Each histogram is one process and has the same
// weight, however many requests it holds. Empty ones are skipped. Band
// describes the quantile of a typical process; Quantile includes the requests
// of the worst processes, so it describes a tail better that few processes
// cause.
//
// It draws whole processes with replacement. A histogram does not contain the
// order of its requests, so drawing requests would take them for independent;
// and the differences between processes already contain their noise (Davison
// and Hinkley 1997, section 3.8). The ends, and the result for fewer than six
// processes, are as for Hierarchical.
func Quantile(hs []*hdrhistogram.Histogram, p float64) Interval {
	return intervalOf(newMixture(hs, p))
}

// QuantileRatio returns the p-quantile of a over that of b, for two independent
// groups of processes, as Quantile and HierarchicalRatio do.
func QuantileRatio(a, b []*hdrhistogram.Histogram, p float64) Interval {
	return ratioOf(newMixture(a, p), newMixture(b, p))
}

// QuantileRatioPaired is QuantileRatio for processes that were measured in the
// same blocks, by block number. It draws blocks, as HierarchicalRatioPaired
// does.
func QuantileRatioPaired(a, b map[int]*hdrhistogram.Histogram, p float64) Interval {
	as, bs := partners(a, b, func(h *hdrhistogram.Histogram) bool { return !empty(h) })
	return pairedRatioOf(newMixture(as, p), newMixture(bs, p))
}

package stats

import (
	"github.com/HdrHistogram/hdrhistogram-go"
)

// Quantile gives the p-quantile (0 < p < 1) of all processes together, with an
// interval: each histogram is one process and weighs the same, however many
// requests it holds. Empty ones are passed over. Where Band tells what quantile
// a process has, this tells what the requests of all have, those of the worst
// processes among them: the better statement of a tail that few processes make.
//
// Processes are drawn with replacement, each as a whole: a histogram does not
// know the order of its requests, drawing them singly would take them for
// independent, and what differs between processes holds their noise already
// (Davison and Hinkley 1997, section 3.8). Ends, and what fewer than six
// processes give, are as for Hierarchical.
func Quantile(hs []*hdrhistogram.Histogram, p float64) Interval {
	return intervalOf(newMixture(hs, p))
}

// QuantileRatio gives the p-quantile of a over that of b, two independent groups
// of processes, as Quantile and HierarchicalRatio do.
func QuantileRatio(a, b []*hdrhistogram.Histogram, p float64) Interval {
	return ratioOf(newMixture(a, p), newMixture(b, p))
}

// QuantileRatioPaired is QuantileRatio for processes that were measured in the
// same blocks, by the block's number; blocks are drawn, as in
// HierarchicalRatioPaired.
func QuantileRatioPaired(a, b map[int]*hdrhistogram.Histogram, p float64) Interval {
	as, bs := partners(a, b, func(h *hdrhistogram.Histogram) bool { return !empty(h) })
	return pairedRatioOf(newMixture(as, p), newMixture(bs, p))
}

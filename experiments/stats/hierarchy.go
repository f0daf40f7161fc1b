package stats

import (
	"maps"
	"slices"
)

// Hierarchical gives statistic over all values of all processes, with an
// interval. processes[i] holds the values of one process in the order of time,
// one for each interval of it (a tenth of a second of throughput, say). A
// process counts as one, however many intervals its warm-up left it. Values
// that are NaN or infinite are passed over, and so are processes without any
// other. N is the number of processes.
//
// Each draw takes as many processes as there are, with replacement, and within
// each of them, likewise, runs of neighbouring values (circular blocks of the
// cube root of their number, Politis and Romano 1992): what queues up in one
// interval is worked off in the next, which values drawn singly would hide.
//
// The ends are percentiles of the draws, taken further out than Level by what
// few processes call for (Hesterberg 2015: the spread of a bootstrap is short
// by the square root of (n-1)/n, and n values ask for Student's quantile, not
// the normal one). BCa is not used: its acceleration comes from leaving out one
// process at a time, which is inconsistent for medians and quantiles (Efron and
// Tibshirani 1993, chapter 11). Drawing at both levels counts the noise within
// processes twice (Davison and Hinkley 1997, section 3.8): the interval is
// never too narrow for it, and up to 1.4 times as wide as need be where the
// processes themselves do not differ.
//
// With fewer than six processes Lo and Hi are the range of the processes' own
// statistics, and Confidence is what such a range reaches, as in Summarise.
//
// statistic must neither change its values nor keep them; Median and Mean are
// such functions.
func Hierarchical(processes [][]float64, statistic func([]float64) float64) Interval {
	return intervalOf(newGroup(processes, statistic))
}

// HierarchicalRatio gives statistic(a) / statistic(b) of two independent groups
// of processes, each drawn as in Hierarchical; statistic is of values that are
// not negative. N is the size of the smaller group. With fewer than six
// processes in either, Lo and Hi are the ratios that the two ranges allow, as in
// Ratio. A statistic of b that is not positive gives N = 0 and NaN.
func HierarchicalRatio(a, b [][]float64, statistic func([]float64) float64) Interval {
	return ratioOf(newGroup(a, statistic), newGroup(b, statistic))
}

// HierarchicalRatioPaired is HierarchicalRatio for groups that were measured in
// the same blocks: a and b hold the values of one process per block, by the
// block's number. What is drawn is the blocks, so that a and b always come from
// the same ones and what drifts from block to block cancels. Blocks that only
// one of them has are left out; N is the number of the others. With fewer than
// six, Lo and Hi are the range of the blocks' own ratios.
func HierarchicalRatioPaired(a, b map[int][]float64, statistic func([]float64) float64) Interval {
	as, bs := partners(a, b, func(xs []float64) bool {
		vs, _ := numbered(xs)
		return len(vs) > 0
	})
	return pairedRatioOf(newGroup(as, statistic), newGroup(bs, statistic))
}

// partners gives what two groups have in the same blocks, in the blocks' order.
func partners[T any](a, b map[int]T, holds func(T) bool) (as, bs []T) {
	for _, block := range slices.Sorted(maps.Keys(a)) {
		if y, ok := b[block]; ok && holds(a[block]) && holds(y) {
			as, bs = append(as, a[block]), append(bs, y)
		}
	}
	return as, bs
}

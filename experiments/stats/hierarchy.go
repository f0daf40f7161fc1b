package stats

import (
	"maps"
	"slices"
)

// Hierarchical returns statistic over all values of all processes, with an
// interval. processes[i] holds the values of one process in order of time, one
// for each interval (for example, the throughput in each tenth of a second).
// Each process has the same weight, however many intervals its warm-up left.
// NaN and infinite values are skipped, and so are processes without others. N
// is the number of processes.
//
// Each draw takes as many processes as there are, with replacement. Within each
// it takes runs of neighbouring values in the same way (circular blocks whose
// length is the cube root of their number, Politis and Romano 1992). Single
// values would hide that work which queues up in one interval is done in the
// next.
//
// The ends are percentiles of the draws, further out than Level, because there
// are few processes (Hesterberg 2015: the spread of a bootstrap is too small by
// the square root of (n-1)/n, and n values call for Student's quantile, not the
// normal one). BCa is not used, because its acceleration comes from leaving out
// one process at a time, which is inconsistent for medians and quantiles (Efron
// and Tibshirani 1993, chapter 11). Drawing at both levels counts the noise
// within processes twice (Davison and Hinkley 1997, section 3.8). So the
// interval is never too narrow, but up to 1.4 times too wide if the processes
// do not differ.
//
// With fewer than six processes, Lo and Hi are the range of the processes' own
// statistics, and Confidence is what that range reaches, as in Summarise.
//
// statistic must neither change its values nor keep them. Median and Mean are
// such functions.
func Hierarchical(processes [][]float64, statistic func([]float64) float64) Interval {
	return intervalOf(newGroup(processes, statistic))
}

// HierarchicalRatio returns statistic(a) / statistic(b) of two independent
// groups of processes, each drawn as in Hierarchical. The statistic must not be
// negative. N is the size of the smaller group. With fewer than six processes
// in either group, Lo and Hi are the ratios that the two ranges allow, as in
// Ratio. If the statistic of b is not positive, N is 0 and the values are NaN.
func HierarchicalRatio(a, b [][]float64, statistic func([]float64) float64) Interval {
	return ratioOf(newGroup(a, statistic), newGroup(b, statistic))
}

// HierarchicalRatioPaired is HierarchicalRatio for groups that were measured in
// the same blocks. a and b hold the values of one process per block, by block
// number. It draws blocks, so a and b always come from the same ones, and drift
// between blocks cancels. It leaves out blocks that only one of them has; N is
// the number of the others. With fewer than six, Lo and Hi are the range of the
// blocks' own ratios.
func HierarchicalRatioPaired(a, b map[int][]float64, statistic func([]float64) float64) Interval {
	as, bs := partners(a, b, func(xs []float64) bool {
		vs, _ := numbered(xs)
		return len(vs) > 0
	})
	return pairedRatioOf(newGroup(as, statistic), newGroup(bs, statistic))
}

// partners returns the values of two groups in the blocks that both have, in
// the order of the blocks.
func partners[T any](a, b map[int]T, holds func(T) bool) (as, bs []T) {
	for _, block := range slices.Sorted(maps.Keys(a)) {
		if y, ok := b[block]; ok && holds(a[block]) && holds(y) {
			as, bs = append(as, a[block]), append(bs, y)
		}
	}
	return as, bs
}

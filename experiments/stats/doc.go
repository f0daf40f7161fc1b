// Package stats turns repeated measurements into statements: a centre with an
// interval, a ratio with an interval, a difference or a trend with a p-value,
// distributions merged over processes, the stretch of a series that is steady,
// and whether there are values enough.
//
// The unit of replication is the server process. A []float64 holds one value
// per process, never one per request: the requests of one process share its
// placement, its memory layout and the minute it ran in, so their number says
// little about what the next process will do. Where the intervals of a process
// are given too, as [][]float64 or as its histogram, processes are drawn first
// (Hierarchical, Quantile and their ratios). Processes that were measured in
// turns come as maps by the block's number, and blocks are drawn.
//
// Nothing assumes a law of the values. Centres are medians, intervals are
// order statistics or a seeded bootstrap, tests are of ranks: Mann-Whitney's of
// two samples (Compare), Jonckheere and Terpstra's of more that have an order
// (Monotone). Equal input gives equal output, bit for bit.
//
// What has too few values says nothing: an interval below Level takes no side
// of a bound (Side, Excludes), makes nothing equivalent (Equivalent) and is not
// narrow (Narrow, More).
//
// A series, with one value per interval of a process, is for Settle: what to cut
// from its start as warm-up, and whether it ever settled.
//
// The package knows numbers and histograms only; what they measure is the
// caller's business.
package stats

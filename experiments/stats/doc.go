// Package stats turns repeated measurements into statements: a centre with an
// interval, a ratio with an interval, a difference or a trend with a p-value,
// distributions merged over processes, the steady part of a series, and whether
// there are enough values.
//
// The unit of replication is the server process. A []float64 holds one value
// per process, never one per request. The requests of one process share its
// placement, its memory layout and the minute in which it ran, so their number
// says little about the next process. Where the intervals of each process are
// given, as [][]float64 or as a histogram, processes are drawn first
// (Hierarchical, Quantile and their ratios). Processes that were measured
// alternately come as maps by block number, and blocks are drawn.
//
// Nothing assumes a distribution of the values. Centres are medians; intervals
// are order statistics or a seeded bootstrap; tests use ranks: Mann-Whitney for
// two samples (Compare), Jonckheere and Terpstra for several ordered ones
// (Monotone). Equal input gives equal output, bit for bit.
//
// Too few values lead to no statement: an interval below Level lies on no side
// of a bound (Side, Excludes), shows no equivalence (Equivalent) and is not
// narrow (Narrow, More).
//
// Settle takes a series, with one value per interval of a process. It returns
// what to cut from its start as warm-up, and whether it settled.
//
// The package knows only numbers and histograms, not what they measure.
package stats

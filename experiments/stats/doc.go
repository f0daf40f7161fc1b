// Package stats turns repeated measurements into statements: a centre with an
// interval, the effect of one thing against another, a trend with a p-value,
// distributions merged over processes, the steady part of a series, and whether
// there are enough values.
//
// The unit of replication is the server process. A []float64 holds one value
// per process, never one per request. The requests of one process share its
// placement, its memory layout and the minute in which it ran, so their number
// says little about the next process. Processes that were measured alternately
// come as maps by block number.
//
// There is one comparison: Effect. Nothing assumes a normal distribution.
// Centres are medians, or medians of means; intervals leave out equally many
// values at either end; tests use ranks, also for several ordered samples
// (Monotone, after Jonckheere and Terpstra). Equal input gives equal output,
// bit for bit, and exchanged input the mirrored one.
//
// Too few values lead to no statement: an interval below Level lies on no side
// of a bound (Side), shows no equivalence (Equivalent), is not narrow (Narrow)
// and is not printed.
//
// Settle takes a series, with one value per interval of a process. It returns
// what to cut from its start as warm-up, and whether it settled.
//
// The package knows only numbers and histograms, not what they measure.
package stats

// Package stats turns repeated measurements into statements: a centre with an
// interval, a ratio with an interval, a difference with a p-value, and
// distributions merged over processes.
//
// The unit of replication is the server process. Every []float64 here holds
// one value per process, never one per request: the requests of one process
// share its placement, its memory layout and the minute it ran in, so their
// number says little about what the next process will do.
//
// Nothing assumes a law of the values. Centres are medians, intervals are
// order statistics or a seeded bootstrap, the test is Mann-Whitney's. Equal
// input gives equal output, bit for bit.
//
// The package knows numbers and histograms only; what they measure is the
// caller's business.
package stats

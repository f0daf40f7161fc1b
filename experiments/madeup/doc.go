// Package madeup makes up results, which no server measured, for tests of
// packages that read results. Equal seeds give equal runs.
package madeup

// blocks is the number of blocks of most runs. If one of ten does not count, the
// other nine still show a difference after Holm's correction for up to twelve
// comparisons.
const blocks = 10

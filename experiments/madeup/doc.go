// Package madeup makes results that no server measured, for tests of what reads
// results. Equal seeds give equal runs.
package madeup

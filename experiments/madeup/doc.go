// Package madeup makes up results, which no server measured, for tests of
// packages that read results. Equal seeds give equal runs.
package madeup

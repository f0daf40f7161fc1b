// Package report writes the README.md of a directory of results directories:
// each claim with its verdict, each run with what it found, what contradicts
// what was expected, and what to hold against all of it. Every number in it is
// computed from the data, and equal data give equal bytes. What stands in it
// whatever the data say is in findings.md.tmpl. It runs nothing and draws
// nothing; it links to the figures that are there.
package report

// Package report writes the pages that people read: report.html of a results
// directory, overview.html and README.md of a directory of results directories,
// and the text of a comparison of two runs. Every number on a page is computed
// from the data, and equal data give equal bytes. Text that does not depend on
// the data is in the templates. Package findings says what a run has shown, and
// package figure draws it. This package starts nothing and measures nothing.
package report

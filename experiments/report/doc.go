// Package report writes the pages that people read: report.html of a results
// directory, overview.html and README.md of a directory of them, and the text of
// a comparison of two runs. Every number on a page is computed from the data, and
// equal data give equal bytes; text that does not depend on the data is in the
// templates. What a run has shown is for package findings to say, and how it is
// drawn for package figure. It starts nothing and measures nothing.
package report

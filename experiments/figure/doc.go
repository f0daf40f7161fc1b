// Package figure draws and tells what a results directory holds: figures in
// the form papers use, the answer in sentences, tables, and report.html.
//
// Everything is made from the data alone, so that whoever has the directory
// can make it again: equal data give equal bytes. A trial that failed or did
// not pass its validity gates is drawn hollow and never counts. The package
// starts nothing and measures nothing.
package figure

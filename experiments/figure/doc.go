// Package figure draws and tells what a results directory holds: figures in
// the form papers use, the verdict and the answer in sentences, tables, and
// report.html; and overview.html over many of them.
//
// Everything is made from the data alone, so that whoever has the directory
// can make it again: equal data give equal bytes. A trial that failed or did
// not pass its validity gates is drawn hollow and never counts. The package
// starts nothing and measures nothing; what a claim comes to is for package
// verdict to say, and what a model predicts for package model.
package figure

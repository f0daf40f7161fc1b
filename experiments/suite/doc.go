// Package suite holds the experiments as TOML files and reads them: what is
// compared, with which parameters, under which load and how often. The files
// are embedded, with the C sources of the floors and the configurations of other
// servers that some of them measure beside our own.
//
// A suite is checked as a whole when it is read, so that nothing is measured
// with half of a mistake. The package knows the form of a suite and nothing of
// how a trial is run; which servers exist is known to `lflab serve` alone.
package suite

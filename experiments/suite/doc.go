// Package suite holds the experiments as TOML files and reads them. A suite
// says what is compared, with which parameters, under which load, and how
// often. The files are embedded, together with the C sources of the floors and
// the configurations of other servers that some suites measure.
//
// A suite is checked as a whole when it is read, so that no measurement starts
// with an error in it. The package knows the form of a suite but not how a
// trial is run. Only `lflab serve` knows which servers exist.
package suite

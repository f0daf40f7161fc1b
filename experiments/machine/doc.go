// Package machine says what the results of an experiment depend on outside the
// program: Read takes the facts that a manifest keeps, Doctor judges what
// would disturb a measurement here and says what to do about it.
//
// All of it comes from /proc, /sys and a few system calls. No other program is
// run, nothing is changed and no privilege is needed: what cannot be read is
// left out. The package knows nothing of experiments.
package machine

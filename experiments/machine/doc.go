// Package machine describes what the results of an experiment depend on outside
// the program. Read returns the facts that a manifest contains. Doctor finds
// what would disturb a measurement on this machine, and what to do about it.
//
// All facts come from /proc, /sys and a few system calls. The package runs no
// other program, changes nothing and needs no privilege. It leaves out what it
// cannot read. It knows nothing about experiments.
package machine

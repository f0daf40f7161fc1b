// Package process starts the programs that are measured, ends them and counts
// what they use.
//
// A program runs in a process group of its own, so that a Ctrl-C at the
// terminal reaches the runner alone and so that nothing the program started
// outlives it. When the runner itself is killed, the kernel kills the program, or
// asks it to end if it has children.
// The package knows nothing of what the programs do.
package process

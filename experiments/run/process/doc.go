// Package process starts the programs that are measured, ends them and counts
// what they use.
//
// A program is started by a keeper, a process of this package's own that is the
// reaper of all that the program starts (prctl(2), PR_SET_CHILD_SUBREAPER): a
// process that forks twice, or begins a session of its own, is still below the
// keeper. So everything that belongs to a program is known by its ancestors, is
// counted with it, and is ended with it, also when the runner itself is killed:
// its keeper sees that by the end of their connection. A program runs in a process
// group of its own, so that a Ctrl-C at the terminal reaches the runner alone.
// The package knows nothing of what the programs do.
package process

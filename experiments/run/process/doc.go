// Package process starts the programs to be measured, ends them, and counts
// what they use.
//
// A keeper, which is a process of this package, starts each program. The keeper
// is the reaper of all that the program starts (prctl(2),
// PR_SET_CHILD_SUBREAPER): a process that forks twice or begins its own session
// stays below the keeper. Its ancestors therefore tell to which program a
// process belongs; the program's processes are counted and ended together. They
// also end if the runner is killed, because the keeper then sees the end of
// their connection. Each program runs in its own process group, so that a
// Ctrl-C at the terminal reaches only the runner. The package does not know
// what the programs do.
package process

// Package run runs experiments: a suite becomes a plan, the plan becomes
// interleaved trials of real server processes, and each trial is judged by its
// validity gates and written whole into a results directory that a later run
// can resume and that figures and tables are made from.
//
// The unit of replication is the server process. The package starts servers
// as commands (its own binary again, or any other program) and never links one
// into the process that measures.
package run

// Package run runs experiments. It turns a suite into a plan and the plan into
// interleaved trials of real server processes. Validity gates judge each trial,
// which is then written whole into a results directory. A later run can resume
// it; figures and tables are made from it.
//
// The unit of replication is the server process. The package starts servers as
// commands (its own binary again, or any other program) and never links one
// into the process that measures.
package run

// Package scoreboard is the memory in which the processes of a server show
// what their threads do: a slot for each process, a row for each thread.
//
// The parent creates a board and hands its file to the children; the parent,
// every child, and readers that have nothing to do with the server map the
// same pages. Nobody locks. Every field is an atomic with one writer, which is
// named beside it:
//
//   - the header and what a slot says of a process's place belong to the parent
//   - what a slot says of a process's work belongs to that process (Publisher)
//   - a row belongs to the thread that has it; the parent marks it dead when
//     the process is gone
//
// A field is read whole, and fields are read one after the other: a reader may
// see the state a thread has now beside the counters of a moment ago, a count of
// connections that does not match the rows, or one half of a name that is
// being changed. Nothing follows from one field to another, so that does no
// harm: what is shown is at most one step old, and sums are right to within the
// threads that took a step meanwhile. Only the magic number is more: it is
// written last, and whoever reads it sees the sizes.
//
// Children can write everywhere. So the parent counts with what it reads here
// and shows it, but a process that it signals or an index into its own memory
// never comes from the board. A board in memory cannot be made shorter by
// anybody; one in a file can, by whoever may write that file, and processes
// that read the missing pages die of SIGBUS.
//
// The package knows what a row is (package serve) and nothing of who starts
// processes, or why.
//
// # Layout
//
// In the machine's byte order, for programs of one build:
//
//	0                              Header, 1024 bytes
//	1024                           Slots processes of 512 bytes
//	1024 + Slots*512               Slots*Rows rows of 256 bytes, those of slot 0 first
//
// Pages that nobody has touched take no memory. A row is touched only when the
// rows of its slot are in use (Process.Rows), so that a board for 20,000
// processes costs what its processes use.
package scoreboard

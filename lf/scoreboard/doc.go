// Package scoreboard is the memory in which the processes of a server show what
// their threads do. It has a slot for each process and a row for each thread.
//
// The parent creates a board and passes its file to the children. The parent,
// every child, and readers outside the server map the same pages. There are no
// locks. Every field is an atomic with one writer:
//
//   - the parent writes the header, and the part of a slot that describes the
//     process
//   - a process writes the part of its slot that describes its work (Publisher)
//   - a thread writes its row; the parent marks the row dead when the process
//     has ended
//
// A field is read whole, but fields are read one after the other. So a reader
// may see a thread's present state beside slightly older counters, a count of
// connections that does not match the rows, or a half-changed name. This does
// no harm, because no field depends on another one. What a reader sees is at
// most one step old, and sums are wrong by at most the threads that made a step
// meanwhile. The magic number is an exception: it is written last, so a reader
// that sees it also sees the sizes.
//
// Children can write everywhere. So the parent uses what it reads here only for
// counting and showing, never as a process to signal or as an index into its
// own memory. No process can shrink a board in memory. A process that may write
// a board's file can shrink it, and processes that read the missing pages then
// die of SIGBUS.
//
// The package knows the rows (package serve), but not who starts processes or
// why.
//
// # Layout
//
// The board is in the machine's byte order and for programs of one build:
//
//	0                              Header, 1024 bytes
//	1024                           Slots processes of 512 bytes
//	1024 + Slots*512               Slots*Rows rows of 256 bytes, those of slot 0 first
//
// Pages take no memory until they are touched. A row is touched only if the
// rows of its slot are in use (Process.Rows). So a board for 20,000 processes
// costs only the memory of the processes that run.
package scoreboard

// Package probe times the stages of hand-offs in the kernel, for this project's
// servers and for any other process, without changing the process. It follows
// the threads of chosen processes with eBPF programs on scheduler, system-call
// and socket tracepoints. It keeps a histogram of each stage and, optionally,
// single records with all stamps.
//
// It imports nothing of the servers. It knows of a process only what the kernel
// tells.
//
// Package stage defines the stamps, the stages between them and their sums.
//
// # Bounds
//
// The last kernel stamp before user code is the system call's tracepoint.
// Signals, rescheduling and restartable sequences come after it and count as
// user time. A thread that is woken through a mutex after a condition variable
// has two wake-ups; the one that its use needed counts as the hand-off.
//
// A wake-up counts as one thread's by another if the waker is in a system call, or
// closes files or ends after it, and not in an interrupt. Data that a process sends
// to itself by TCP arrives in a soft interrupt, so the thread that it wakes counts
// as woken by an interrupt. Sleeps for the kernel's own locks do not count.
//
// A wait on several files counts as a wait for events after a listener's readiness
// has ended one, or an accept has followed one. It is recognised by its epoll set
// or ring, and for poll and select by the address of the array. An accept by an
// io_uring is not seen: whoever waited on a ring when the connection came, and read
// it or woke its reader, counts as its acceptor.
//
// A request is the first data after the last answer. The first connection of a
// Unix-domain listener on which no thread waited in accept as the probe began has
// no known readiness.
//
// In a virtual machine, times include those that the hypervisor takes.
package probe

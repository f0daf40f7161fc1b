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
// has two wake-ups; the later one counts as the hand-off. Events from an epoll
// set count as waited for only after an accept has followed a wait on that set.
// In a virtual machine, times include those that the hypervisor takes.
package probe

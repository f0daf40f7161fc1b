// Package probe times the stages of hand-offs in the kernel, of this project's
// servers and of any other process, without changing it. It follows the threads
// of some processes with eBPF programs on scheduler, system-call and socket
// tracepoints, and keeps a histogram of each stage; single records with all
// stamps are an extra.
//
// It imports nothing of the servers: what it knows of a process it learns from
// the kernel.
//
// Package stage defines the stamps, the stages between them and their sums.
//
// # Bounds
//
// The last kernel stamp before user code is the system call's tracepoint:
// signals, rescheduling and restartable sequences come after it and belong to
// user time. A thread that is woken through a mutex after a condition variable
// has two wake-ups; the later one is the hand-off. Events taken from an epoll
// set count as watched for only once something was accepted after a wait on
// that set. Times inside a virtual machine include what the hypervisor takes.
package probe

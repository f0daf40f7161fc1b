// Package stage defines what the kernel probe times: the stamps, the stages
// between them, the sums of stages, the shapes of servers, and the report with
// the distributions. It does not know how stamps are taken or how figures use
// them. It does not link eBPF, so results can be read without the probe.
//
// # Stamps
//
// All stamps are nanoseconds of CLOCK_MONOTONIC (bpf_ktime_get_ns). User code
// reads the same clock, so its stamps can be combined with these.
//
//	a1  the data is ready: sk_data_ready of the connection, but not before the
//	    listener's own readiness (for a connection's first request)
//	a2  the thread that waits for events is chosen: sched_waking
//	a3  it is on a run queue: sched_wakeup
//	a4  it is on a CPU: sched_switch
//	a5  accept or epoll_wait returns; if both count, e4 is epoll_wait's return
//	p2  a thread that received an event enters the call that wakes another; p3 the call returns
//	f1  the woken thread is chosen, f2 on a run queue, f3 on a CPU, f4 the call that it slept in returns
//	f6  the next thread enters accept or epoll_wait; f7 it leaves the CPU in it
//	q2 q3 w1 w2 w3 w4  as p2 p3 f1 f2 f3 f4, if a connection is handed over
//	r1 r2 r3  the reader, asleep in its read, is chosen, on a run queue, on a CPU
//	r4  the read returns with data
//
// # Sums
//
// The dispatch latency D is the time from a1 to r4. It splits into the stages
// that the request passed through: a wait that was woken or that found the
// event at once; a hand-off, if another thread than the reader received the
// event; a sleep within the read. A stamp before a1 counts as a1, so that a
// request's stages add up to its D exactly.
//
// The hand-off latency H is the time from p2 to f4. A hand-off is a wake-up of one
// followed thread by another, by whatever mechanism: a futex, an eventfd, a pipe, a
// socket of the same machine, a signal, a semaphore, a message queue, an epoll set,
// an io_uring, a file lock, the end of a file or thread, or one that is unknown. It
// counts if the woken thread used it: it read a connection that another thread had
// received (an item), or waited for events next and had not received the last one
// (the leadership). In a process that serves nothing, every wake-up counts (bare).
// These are counted separately: wake-ups of a thread that was not yet asleep
// (raced), wake-ups that led to nothing (wasted), futex calls that found no sleeper
// (elided), futex sleeps that something else ended, and sleeps that an interrupt
// ended while a followed thread ran (interrupt).
//
// The leaderless gap G is the time from a5, if no other thread waits for
// events, to the next f6.
package stage

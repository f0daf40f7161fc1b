// Package stage defines what the kernel probe times: the stamps, the stages
// between two of them, the sums that they add up to, the shapes of servers, and
// the report that carries the distributions. It knows neither how stamps are
// taken nor what a figure makes of them, and links no eBPF, so that results can
// be read without the probe.
//
// # Stamps
//
// All are CLOCK_MONOTONIC in nanoseconds (bpf_ktime_get_ns), which user code
// reads as well, so that both can be subtracted.
//
//	a1  the data is ready: sk_data_ready of the connection, but not before the
//	    listener's own readiness (of a connection's first request)
//	a2  the thread that waits for events is chosen: sched_waking
//	a3  it is on a run queue: sched_wakeup
//	a4  it is on a CPU: sched_switch
//	a5  accept or epoll_wait returns; e4 when epoll_wait's return is told from accept's
//	p2  a thread that received an event calls futex to wake another; p3 the call returns
//	f1  the woken thread is chosen, f2 on a run queue, f3 on a CPU, f4 back from its futex call
//	f6  the next thread enters accept or epoll_wait; f7 it leaves the CPU in it
//	q2 q3 w1 w2 w3 w4  the same as p2 p3 f1 f2 f3 f4 where a connection is handed over
//	r1 r2 r3  the reader, asleep in its read, is chosen, on a run queue, on a CPU
//	r4  the read returns with data
//
// # Sums
//
// The dispatch latency D runs from a1 to r4 and splits into the stages that the
// request passed through: a wait that was woken or one that found the event at
// once, a hand-off if the reader is not the thread that received the event, a
// sleep within the read. A stamp before a1 counts as a1, so that the stages of
// a request add up to its D exactly.
//
// The hand-off latency H runs from p2 to f4, for wake-ups that the woken thread
// put to use: it read a connection that another thread had (an item), or waited
// for events next (the leadership). In a process that serves nothing, every
// wake-up of one thread by another is one (bare). Wake-ups of a thread that was not asleep
// yet (raced), that led to nothing (wasted), calls that found nobody asleep
// (elided), and sleeps that something else ended are counted apart.
//
// The leaderless gap G runs from a5, when no other thread waits for events, to
// the next f6.
package stage

// Package flight is the flight recorder: it notes when each step of a hand-off
// happened, per thread, and merges the notes after the run.
//
// The stamps, all nanoseconds of CLOCK_MONOTONIC:
//
//	a1  the kernel received the request's data (the socket's own time stamp)
//	u0  user code has the event: accept4 or epoll_wait has returned
//	p0  passing begins: promoting a follower, or handing an item to a worker
//	p1  it is published: the word or the slot has been written
//	p3  the wake-up system call has returned
//	f5  the receiver runs and knows that it leads, or holds the item
//	f6  the next wait on the handle set begins
//	h0  first instruction of the request handler
//	h1  the handler has returned
//
// From these come the hand-off latency H = f5 - p0, the leaderless gap
// G = f6 (of the next wait) - u0, and the dispatch latency D = h0 - a1.
//
// A nil *Log records nothing and costs one comparison; so does a Log whose
// recorder is switched off, plus one atomic load. The package knows no pool
// and no protocol: they call it.
package flight

// Package flight is the flight recorder. It records when each step of a
// hand-off happened, for each thread, and merges the records after the run.
//
// The stamps are nanoseconds of CLOCK_MONOTONIC:
//
//	a1  the kernel received the request's data (the socket's own time stamp)
//	u0  user code has the event: accept4 or epoll_wait has returned
//	p0  the hand-off begins: promoting a follower, or handing an item to a worker
//	p1  the word or the slot has been written
//	p3  the wake-up system call has returned
//	f5  the receiver runs and knows that it leads, or has the item
//	f6  the next wait on the handle set begins
//	h0  first instruction of the request handler
//	h1  the handler has returned
//
// They give the hand-off latency H = f5 - p0, the leaderless gap G = f6 (of the
// next wait) - u0, and the dispatch latency D = h0 - a1.
//
// A nil *Log records nothing and costs one comparison. A Log whose recorder is
// off costs one comparison and one atomic load. The package knows no pool and
// no protocol; they call it.
package flight

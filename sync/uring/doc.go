// Package uring is as much of io_uring(7) as the laboratory needs: set up one
// ring, put requests in, wait for completions. It knows nothing of what a
// request is for.
//
// A Ring is used by one thread at a time, but not by one thread only: it may
// pass from thread to thread together with whatever says whose turn it is (a
// lock, the leadership of a pool), so it is set up without
// IORING_SETUP_SINGLE_ISSUER. What the kernel does for a request that had to
// wait, it still does on the thread that entered it: that thread, wherever it
// is by then, is interrupted to finish the request, and a blocking call of it
// may return EINTR. When it ends, its requests are cancelled (-ECANCELED).
// Who passes a ring on pays for that; it is not to be had otherwise short of a
// kernel thread that polls.
//
// The pattern of use:
//
//	*ring.Next() = uring.Entry{Op: uring.OpAccept, FD: int32(fd), UserData: 1}
//	err := ring.Enter(1)
//	for {
//		c, ok := ring.Completion()
//		...
//	}
package uring

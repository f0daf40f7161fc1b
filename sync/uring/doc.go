// Package uring is the part of io_uring(7) that the laboratory needs: it sets
// up a ring, enters requests, and waits for completions. It gives requests no
// meaning.
//
// One thread at a time uses a Ring, but the thread may change, together with a
// lock or with the leadership of a pool. So the ring is set up without
// IORING_SETUP_SINGLE_ISSUER. When a request had to wait, the kernel finishes
// it on the thread that entered it. It interrupts that thread for this, and a
// blocking call of that thread may return EINTR. When that thread ends, the
// kernel cancels its requests (-ECANCELED). A program that passes a ring
// between threads has to bear this. Only a polling kernel thread
// (IORING_SETUP_SQPOLL) would avoid it.
//
// Use it like this:
//
//	*ring.Next() = uring.Entry{Op: uring.OpAccept, FD: int32(fd), UserData: 1}
//	err := ring.Enter(1)
//	for {
//		c, ok := ring.Completion()
//		...
//	}
package uring

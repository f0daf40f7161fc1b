// Package thread gives goroutines an OS thread of their own: started, named in
// the kernel, pinned, and gone with the goroutine. The members of a pool are
// such threads, for the Leader/Followers pattern is about threads, and what it
// costs to wake one can only be measured where a wake-up wakes one. The
// package knows nothing of pools and of what the threads do.
//
// A locked goroutine that blocks in the Go way is a poor thread. These are the
// rules that make it a good one, with the reasons; the tests of this package
// count that they hold.
//
// # Block in the kernel, not in the scheduler
//
// When a locked goroutine blocks on a channel, a sync.Cond, a contended
// sync.Mutex, time.Sleep or the network poller, its thread gives its P away
// and sleeps. Whoever makes it runnable puts it on a run queue; a second
// thread finds it there, sees that it belongs to another thread, wakes that
// one, hands it its own P, and goes to sleep itself. One wake-up has become
// two, with a hand-off of a P on both sides: five to ten times the cost of a
// futex. runtime.Gosched of a locked goroutine takes the same way. So a
// thread waits in a system call (a parker of package park that sleeps in the
// kernel, accept4, epoll_wait), and the waker wakes it there. Neither of them
// enters the scheduler.
//
// # Wait with package block, wake with RawSyscall
//
// block.Syscall6 gives the thread's P up before it enters the kernel, so a
// collection of garbage does not wait for it, and sysmon, which would take the
// P of a thread in an ordinary Syscall away, has nothing to do. That matters:
// the P of a locked thread always looks overdue to sysmon, and for each P that
// it takes it looks around every 20 us. A thread that blocks in RawSyscall looks to the scheduler like one
// that computes: it is sent SIGURG every 10 ms, and each stop of the world
// waits until its call returns, which may be never. A wake-up does not block,
// so RawSyscall is right for it and the waker's P stays with the waker.
//
// # More Ps than threads
//
// A thread that returns from a blocking call needs a P. If its own was taken
// and there is no idle one, it queues in the scheduler until another thread
// blocks or is preempted, 100 us and more later. The waker keeps its P, so
// threads that are woken, wake and run at one time all need one. With a P for
// each thread and two to spare for the rest of the program this never happens;
// see Reserve. Ps are not CPUs: idle ones cost nothing but memory and a share
// of each collection, for which GOGC=off with GOMEMLIMIT is the remedy in
// measurements.
//
// # Lock, then pin, then never unlock
//
// Affinity belongs to the OS thread. Set before LockOSThread it would stay
// with whatever thread the goroutine was on; kept after UnlockOSThread it
// would confine any goroutine that runs there next. A goroutine that ends
// while locked takes its thread along, and so the affinity and the name.
// The first thread of a process cannot end like that, and its name is the
// name of the process: a Thread never is that one.
//
// # Words on the heap
//
// A goroutine's stack moves when it grows; the kernel would go on looking at
// the old address. What threads sleep on is therefore on the heap, one cache
// line each.
package thread

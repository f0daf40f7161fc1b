// Package thread gives a goroutine an OS thread of its own. The thread is named
// in the kernel, may be pinned, and ends with the goroutine. The members of a
// pool are such threads, because the Leader/Followers pattern is about threads,
// and the cost of waking a thread can only be measured where a wake-up wakes a
// thread. The package knows nothing about pools and what the threads do.
//
// A locked goroutine that blocks in the Go way is slow. These rules make it
// fast. The tests of this package check them by counting.
//
// # Block in the kernel, not in the scheduler
//
// When a locked goroutine blocks on a channel, a sync.Cond, a contended
// sync.Mutex, time.Sleep or the network poller, its thread gives up its P and
// sleeps. To wake it, the scheduler puts the goroutine on a run queue. A second
// thread takes it from there, sees that it belongs to another thread, wakes
// that thread, hands it its own P, and sleeps. So one wake-up has become two,
// with a hand-off of a P on both sides: five to ten times the cost of a futex.
// runtime.Gosched of a locked goroutine takes the same way. Therefore a thread
// waits in a system call (a parker of package park that sleeps in the kernel,
// accept4, epoll_wait), and the waker wakes it there. Neither of them enters
// the scheduler.
//
// # Wait with package block, wake with RawSyscall
//
// block.Syscall6 gives up the thread's P before it enters the kernel. So
// garbage collection does not wait for the thread, and sysmon, which takes away
// the P of a thread in an ordinary Syscall, has nothing to do. That matters:
// the P of a locked thread always looks overdue to sysmon, and after each P
// that it takes it polls again within 20 µs. A thread that blocks in RawSyscall
// looks to the scheduler like one that computes. It gets SIGURG every 10 ms,
// and each stop of the world waits until its call returns, which may be never.
// A wake-up does not block, so use RawSyscall for it; the waker then keeps its
// P.
//
// # More Ps than threads
//
// A thread that returns from a blocking call needs a P. If its own was taken
// and none is idle, it queues in the scheduler until another thread blocks or
// is preempted, 100 µs or more later. The waker keeps its P, so threads that
// are woken, that wake others and that run at the same time each need a P. With
// a P for each thread and two more for the rest of the program, none has to
// wait; see Reserve. Ps are not CPUs: an idle P costs only memory and a share
// of each garbage collection. For measurements, GOGC=off with GOMEMLIMIT avoids
// the latter.
//
// # Lock, then pin, then never unlock
//
// Affinity belongs to the OS thread. If it is set before LockOSThread, it may
// stay with another thread. If it is kept after UnlockOSThread, it confines
// whatever goroutine runs there next. A goroutine that ends while locked ends
// its thread, and with it the affinity and the name. The first thread of a
// process cannot end like that, and its name is the name of the process, so a
// Thread never uses it.
//
// # Words on the heap
//
// A goroutine's stack moves when it grows, but the kernel would still use the
// old address. So the words that threads sleep on are on the heap, each on its
// own cache lines.
package thread

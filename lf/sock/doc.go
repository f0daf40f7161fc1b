// Package sock provides sockets by raw system calls, for threads that block in
// the kernel: a listener that blocks in accept4(2), connections with absolute
// deadlines that usually cost no system call, and an epoll set.
//
// It does not use the runtime's network poller. A thread that waits here waits
// in the kernel, and the kernel's wait queue wakes it, because that is what
// this laboratory measures. The package knows no protocol and no architecture.
//
// Calls that may block enter the kernel through package block, which gives up
// the P meanwhile. Calls that cannot block use RawSyscall, which is cheaper.
package sock

// Package sock is sockets by raw system calls, for threads that really block:
// a listener whose Accept blocks in accept4(2), connections with absolute
// deadlines that cost no system call in the common case, and an epoll set.
//
// The runtime's network poller is not involved, so a thread that waits here
// waits in the kernel, and what wakes it is the kernel's own wait queue: that
// is what this laboratory measures. The package knows no protocol and no
// architecture.
//
// Calls that may block enter the kernel through package block, which lets the
// Go scheduler have the processor meanwhile; calls that cannot block use
// RawSyscall and save its bookkeeping.
package sock

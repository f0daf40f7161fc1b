// Package block makes system calls that block, without the Go runtime's help
// costing more than the call.
//
// A goroutine in an ordinary blocking system call keeps its P. The runtime's
// monitor thread, sysmon, takes such Ps away: at once from a locked thread,
// whose P looks to it as if it had run the same goroutine for ever. For each P
// that it takes it looks around again every 20 us, and the thread whose P is
// gone has to find another on its way out of the kernel. With threads that
// block for a living this never ends: at some thousand hand-offs a second,
// sysmon makes more context switches and takes more CPU time than the server.
//
// Here the P is given up before the call, by the runtime's own entry for calls
// that are known to block, so that sysmon has nothing to take. Two things
// follow from that, and both are cured by one idle P that never becomes idle
// (see Anchor): when all Ps are idle sysmon falls asleep for good and has to be
// woken by the next thread that leaves a call, and whoever gives the last P up
// wakes a thread to watch the network.
//
// The entry is runtime.entersyscallblock, reached by linkname. It is one of
// the symbols that the runtime promises to keep for those who use them
// (go.dev/issue/67401; gVisor does). Built with -tags stdsyscall, the package
// uses syscall.Syscall6 instead: the way to measure the difference, and the
// way out should a release of Go break the promise.
//
// The package knows what a system call is and nothing else.
package block

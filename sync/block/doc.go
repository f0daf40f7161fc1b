// Package block makes blocking system calls and spares them the Go runtime's
// overhead, which can exceed that of the call.
//
// A goroutine in an ordinary blocking system call keeps its P. The runtime's
// monitor thread, sysmon, takes such Ps away. From a locked thread it takes the
// P at once, because that P seems to have run the same goroutine for ever.
// After each P that it takes, sysmon polls again within 20 µs, and the thread
// that has lost its P must find another one when it leaves the kernel. With
// threads that block all the time this never ends: at some thousand hand-offs a
// second, sysmon makes more context switches and takes more CPU time than the
// server.
//
// Here the goroutine gives up its P before the call, by the runtime's own entry
// for calls that are known to block. So sysmon has nothing to take. Two
// problems remain. When all Ps are idle, sysmon falls asleep, and the next
// thread that leaves a call must wake it. And the thread that gives up the last
// P wakes a thread to watch the network. Anchor solves both: it keeps one P
// from becoming idle.
//
// The entry is runtime.entersyscallblock, reached by linkname. The runtime
// promises to keep this symbol for those who use it (go.dev/issue/67401; gVisor
// does). With -tags stdsyscall the package uses syscall.Syscall6 instead. Use
// that to measure the difference, or if a release of Go breaks the promise.
//
// The package knows nothing but system calls.
package block

package probe

import (
	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
)

// Numbers of system calls for which x/sys has no constant on some
// architectures. They are the same on all.
const (
	sysFutexWake = 454
	sysFutexWait = 455
)

// callTable maps the number of a system call to its meaning for the kernel
// programs. reads adds the calls that read from a socket.
func callTable(reads bool) (table [512]uint8) {
	set := func(call bpf.ProbeCall, numbers ...int) {
		for _, n := range numbers {
			table[n] = uint8(call)
		}
	}
	set(bpf.ProbeCallCALL_ACCEPT, unix.SYS_ACCEPT, unix.SYS_ACCEPT4)
	set(bpf.ProbeCallCALL_POLL, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2)
	set(bpf.ProbeCallCALL_POLL, olderPolls...)
	set(bpf.ProbeCallCALL_FUTEX, unix.SYS_FUTEX)
	set(bpf.ProbeCallCALL_FUTEX_WAKE, sysFutexWake)
	set(bpf.ProbeCallCALL_FUTEX_WAIT, sysFutexWait)
	if reads {
		set(bpf.ProbeCallCALL_READ, unix.SYS_READ, unix.SYS_READV, unix.SYS_RECVFROM, unix.SYS_RECVMSG)
	}
	return table
}

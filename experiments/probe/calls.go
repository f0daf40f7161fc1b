package probe

import (
	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
)

// System calls without a constant of their own in x/sys on every architecture;
// the numbers are the same on all.
const (
	sysFutexWake = 454
	sysFutexWait = 455
)

// callTable says what a system call means to the kernel's programs, by its
// number. reads adds the calls that read a socket.
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

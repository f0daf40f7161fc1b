package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
)

// Numbers of system calls for which x/sys has no constant on some
// architectures. They are the same on all.
const (
	sysFutexWake    = 454
	sysFutexWait    = 455
	sysFutexRequeue = 456
)

// callTable gives the programs the meaning of system calls by their number: what a
// thread does in them, how it says there that it does not wait, and by which
// mechanism it wakes another thread.
type callTable struct {
	calls  [512]uint8 // ProbeCall, and 16 times the ProbeTimeout
	wakers [512]uint8 // ProbeKind; PIPE stands for a call on any file, whose kind the programs look up
	names  [512]string
}

// call is one entry of a callTable. Its kind is that of its wake-ups.
type call struct {
	number  int
	name    string
	call    bpf.ProbeCall
	kind    bpf.ProbeKind
	timeout bpf.ProbeTimeout
}

func tableOf(lists ...[]call) *callTable {
	t := &callTable{}
	for _, list := range lists {
		for _, c := range list {
			t.calls[c.number] = uint8(c.call) | uint8(c.timeout)<<4
			t.wakers[c.number] = uint8(c.kind)
			t.names[c.number] = c.name
		}
	}
	return t
}

const (
	waits  = bpf.ProbeCallCALL_WAIT
	reads  = bpf.ProbeCallCALL_READ
	anyEnd = bpf.ProbeKindKIND_PIPE // the kind is that of the file
)

// nativeCalls is the table of this architecture.
var nativeCalls = tableOf([]call{
	{number: unix.SYS_ACCEPT, name: "accept", call: bpf.ProbeCallCALL_ACCEPT, kind: anyEnd},
	{number: unix.SYS_ACCEPT4, name: "accept4", call: bpf.ProbeCallCALL_ACCEPT, kind: anyEnd},
	{number: unix.SYS_EPOLL_PWAIT, name: "epoll_pwait", call: bpf.ProbeCallCALL_POLL, kind: bpf.ProbeKindKIND_EPOLL, timeout: bpf.ProbeTimeoutTIMEOUT_MS_3},
	{number: unix.SYS_EPOLL_PWAIT2, name: "epoll_pwait2", call: bpf.ProbeCallCALL_POLL, kind: bpf.ProbeKindKIND_EPOLL, timeout: bpf.ProbeTimeoutTIMEOUT_TIME_3},
	{number: unix.SYS_EPOLL_CTL, name: "epoll_ctl", kind: bpf.ProbeKindKIND_EPOLL},
	{number: unix.SYS_PPOLL, name: "ppoll", call: bpf.ProbeCallCALL_SELECT, timeout: bpf.ProbeTimeoutTIMEOUT_TIME_2},
	{number: unix.SYS_PSELECT6, name: "pselect6", call: bpf.ProbeCallCALL_SELECT, timeout: bpf.ProbeTimeoutTIMEOUT_TIME_4},
	{number: unix.SYS_IO_URING_ENTER, name: "io_uring_enter", call: bpf.ProbeCallCALL_URING, kind: bpf.ProbeKindKIND_URING},
	{number: unix.SYS_FUTEX, name: "futex", call: bpf.ProbeCallCALL_FUTEX, kind: bpf.ProbeKindKIND_FUTEX},
	{number: unix.SYS_FUTEX_WAITV, name: "futex_waitv", call: bpf.ProbeCallCALL_FUTEX_WAIT, kind: bpf.ProbeKindKIND_FUTEX},
	{number: sysFutexWake, name: "futex_wake", call: bpf.ProbeCallCALL_FUTEX_WAKE, kind: bpf.ProbeKindKIND_FUTEX},
	{number: sysFutexWait, name: "futex_wait", call: bpf.ProbeCallCALL_FUTEX_WAIT, kind: bpf.ProbeKindKIND_FUTEX},
	{number: sysFutexRequeue, name: "futex_requeue", call: bpf.ProbeCallCALL_FUTEX_WAKE, kind: bpf.ProbeKindKIND_FUTEX},
	{number: unix.SYS_READ, name: "read", call: reads, kind: anyEnd},
	{number: unix.SYS_READV, name: "readv", call: reads, kind: anyEnd},
	{number: unix.SYS_PREADV2, name: "preadv2", call: reads, kind: anyEnd},
	{number: unix.SYS_RECVFROM, name: "recvfrom", call: reads, kind: anyEnd},
	{number: unix.SYS_RECVMSG, name: "recvmsg", call: reads, kind: anyEnd},
	{number: unix.SYS_RECVMMSG, name: "recvmmsg", call: reads, kind: anyEnd},
	{number: unix.SYS_WRITE, name: "write", kind: anyEnd},
	{number: unix.SYS_WRITEV, name: "writev", kind: anyEnd},
	{number: unix.SYS_PWRITEV2, name: "pwritev2", kind: anyEnd},
	{number: unix.SYS_SENDTO, name: "sendto", kind: anyEnd},
	{number: unix.SYS_SENDMSG, name: "sendmsg", kind: anyEnd},
	{number: unix.SYS_SENDMMSG, name: "sendmmsg", kind: anyEnd},
	{number: unix.SYS_SENDFILE, name: "sendfile", kind: anyEnd},
	{number: unix.SYS_SHUTDOWN, name: "shutdown", kind: anyEnd},
	{number: unix.SYS_CONNECT, name: "connect", call: waits, kind: anyEnd},
	{number: unix.SYS_VMSPLICE, name: "vmsplice", kind: anyEnd},
	{number: unix.SYS_TEE, name: "tee", kind: anyEnd},
	{number: unix.SYS_SPLICE, name: "splice", kind: anyEnd},
	{number: unix.SYS_CLOSE, name: "close", call: bpf.ProbeCallCALL_CLOSE, kind: bpf.ProbeKindKIND_CLOSE},
	{number: unix.SYS_CLOSE_RANGE, name: "close_range", kind: bpf.ProbeKindKIND_CLOSE},
	{number: unix.SYS_DUP3, name: "dup3", kind: bpf.ProbeKindKIND_CLOSE},
	{number: unix.SYS_EXIT, name: "exit", kind: bpf.ProbeKindKIND_EXIT},
	{number: unix.SYS_EXIT_GROUP, name: "exit_group", kind: bpf.ProbeKindKIND_EXIT},
	{number: unix.SYS_TGKILL, name: "tgkill", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_TKILL, name: "tkill", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_KILL, name: "kill", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_RT_SIGQUEUEINFO, name: "rt_sigqueueinfo", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_RT_TGSIGQUEUEINFO, name: "rt_tgsigqueueinfo", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_PIDFD_SEND_SIGNAL, name: "pidfd_send_signal", kind: bpf.ProbeKindKIND_SIGNAL},
	{number: unix.SYS_RT_SIGTIMEDWAIT, name: "rt_sigtimedwait", call: waits},
	{number: unix.SYS_RT_SIGSUSPEND, name: "rt_sigsuspend", call: waits},
	{number: unix.SYS_NANOSLEEP, name: "nanosleep", call: waits},
	{number: unix.SYS_CLOCK_NANOSLEEP, name: "clock_nanosleep", call: waits},
	{number: unix.SYS_WAIT4, name: "wait4", call: waits},
	{number: unix.SYS_WAITID, name: "waitid", call: waits},
	{number: unix.SYS_SEMOP, name: "semop", call: waits, kind: bpf.ProbeKindKIND_SEMAPHORE},
	{number: unix.SYS_SEMTIMEDOP, name: "semtimedop", call: waits, kind: bpf.ProbeKindKIND_SEMAPHORE},
	{number: unix.SYS_SEMCTL, name: "semctl", kind: bpf.ProbeKindKIND_SEMAPHORE},
	{number: unix.SYS_MSGSND, name: "msgsnd", call: waits, kind: bpf.ProbeKindKIND_QUEUE},
	{number: unix.SYS_MSGRCV, name: "msgrcv", call: waits, kind: bpf.ProbeKindKIND_QUEUE},
	{number: unix.SYS_MQ_TIMEDSEND, name: "mq_timedsend", call: waits, kind: bpf.ProbeKindKIND_QUEUE},
	{number: unix.SYS_MQ_TIMEDRECEIVE, name: "mq_timedreceive", call: waits, kind: bpf.ProbeKindKIND_QUEUE},
	{number: unix.SYS_FLOCK, name: "flock", call: waits, kind: bpf.ProbeKindKIND_LOCK},
	{number: unix.SYS_FCNTL, name: "fcntl", kind: bpf.ProbeKindKIND_LOCK},
	{number: unix.SYS_RESTART_SYSCALL, name: "restart_syscall", call: bpf.ProbeCallCALL_RESTART},
	{number: unix.SYS_SCHED_YIELD, name: "sched_yield"},
}, olderCalls)

// nameOf returns the name of a system call by its number in a record.
func nameOf(number uint16) string {
	const compat = 0x8000 // COMPAT in bpf/state.h
	table, suffix := nativeCalls, ""
	switch {
	case number == 0xffff: // NO_CALL
		return "no call"
	case number&compat != 0:
		table, suffix = compatCalls, " (32-bit)"
	}
	if name := table.names[number&^compat&511]; name != "" {
		return name + suffix
	}
	return fmt.Sprintf("call %d%s", number&^compat, suffix)
}

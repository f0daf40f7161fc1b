//go:build ignore

/* The programs behind `lflab probe`: they follow the threads of some processes
 * through waiting for events, being woken and reading connections, and keep a
 * histogram of every stage on the way.
 *
 * Of each thread they know what it waits for, its last sleep, the last event
 * that it received, and the last futex wake-up that it was given, with the
 * event that the waker had received. Of each connection, who accepted it and
 * since when it has had data. A stage is the time between two of these stamps.
 *
 * Every program first looks whether it concerns a followed process. Only the
 * iterator and the fork program, which may sleep or allocate, make a thread's
 * state; the others look it up. */

#include "follow.h"
#include "scheduler.h"
#include "sockets.h"
#include "syscalls.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Does nothing: what its runs are said to take is the meter's own time. */
SEC("tp_btf/sys_enter")
int BPF_PROG(nothing, struct pt_regs *regs, long id)
{
	return 0;
}

//go:build ignore

/* The programs of `lflab probe`. They follow the threads of some processes
 * while these wait for events, are woken and read connections, and keep a
 * histogram of every stage.
 *
 * Of each thread they keep what it waits for, its last sleep, the last event
 * that it received, and the last futex wake-up that it got, with the
 * event that the waker had received. Of each connection they keep who accepted it
 * and when its data arrived. A stage is the time between two of these stamps.
 *
 * Every program first checks whether a followed process is concerned. Only the
 * iterator and the fork program, which may sleep or allocate, create a thread's
 * state; the others look it up. */

#include "follow.h"
#include "scheduler.h"
#include "sockets.h"
#include "syscalls.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Does nothing. The measured time of its runs is that of the meter itself. */
SEC("tp_btf/sys_enter")
int BPF_PROG(nothing, struct pt_regs *regs, long id)
{
	return 0;
}

/* System call events: waiting for events, accepting, waking. */
#ifndef LFLAB_SYSCALLS_H
#define LFLAB_SYSCALLS_H

#include "arguments.h"
#include "sockets.h"

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task;
	struct thread *t;
	__u32 call = call_of(id), tid;
	__u64 now;

	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	COUNT(syscalls, 1);
	if (call == CALL_NONE)
		return 0;
	t = state_of(task);
	if (!t)
		return 0;
	if (call == CALL_FUTEX)
		call = futex_call(argument(regs, 1));
	now = bpf_ktime_get_ns();
	tid = task->pid;
	t->call = call;
	t->enter = now;
	HIT();
	switch (call) {
	case CALL_READ:
		t->fd = argument(regs, 0);
		return 0;
	case CALL_FUTEX_WAIT:
		if (!t->grant.open)
			return 0;
		if (t->member) {
			COUNT(wakes_wasted, 1);
			t->grant.open = false;
		} else {
			COUNT(handoffs_bare, 1);
			handed_off(BARE_TOTAL, t, tid);
		}
		return 0;
	case CALL_POLL:
		t->polls = true;
		t->set = (__u64)file_of(task, argument(regs, 0));
		if ((__s32)argument(regs, 3) == 0 || /* a look, not a wait */
		    !bpf_map_lookup_elem(&listening_sets, &t->set))
			return 0;
		break;
	case CALL_ACCEPT:
		if (t->polls)
			return 0;
		break;
	default:
		return 0;
	}
	t->arms = true;
	t->member = true;
	t->stopped_on_watch = false;
	__sync_fetch_and_add(&watch.on, 1);
	if (watch.gap_began)
		close_gap(t, tid, now);
	if (t->grant.open) {
		COUNT(handoffs_lead, 1);
		handed_off(LEAD_TOTAL, t, tid);
	}
	return 0;
}

static __always_inline void accepted(struct thread *t, struct task_struct *task, __s64 fd, __u64 now)
{
	struct sock *sk = sock_of(task, fd);
	struct connection *c, fresh;
	__u64 key = (__u64)sk;
	__u32 tid = task->pid;
	__u8 yes = 1;

	if (!sk)
		return;
	COUNT(connections, 1);
	if (!t->receipt.sleep.off)
		COUNT(accepts_at_once, 1);
	ports[BPF_CORE_READ(sk, __sk_common.skc_num)] = 1;
	if (t->polls)
		bpf_map_update_elem(&listening_sets, &t->set, &yes, BPF_ANY);
	c = bpf_map_lookup_elem(&connections, &key);
	if (c) {
		c->accepted = now;
		c->acceptor = c->last = tid;
		c->receipt = t->receipt;
		return;
	}
	COUNT(unknown_sockets, 1);
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.accepted = now;
	fresh.acceptor = fresh.last = tid;
	fresh.receipt = t->receipt;
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		SHARE(dropped_connections, 1);
}

/* Records that the thread has received an event. */
static __always_inline void received(struct thread *t, __u32 tid, __u64 now, bool slept)
{
	struct receipt *r = &t->receipt;

	r->enter = t->enter;
	if (slept)
		r->sleep = t->sleep;
	else
		__builtin_memset(&r->sleep, 0, sizeof(r->sleep));
	r->ret = now;
	r->by = tid;
	r->polled = t->call == CALL_POLL;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct task_struct *task;
	struct thread *t;
	__u32 call = call_of(number_of(regs)), tid;
	bool slept, event, closed;
	struct sock *sk;
	__u64 now;

	if (call == CALL_NONE)
		return 0;
	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	t = state_of(task);
	if (!t)
		return 0;
	if (call == CALL_FUTEX ? t->call != CALL_FUTEX_WAIT && t->call != CALL_FUTEX_WAKE : t->call != call) {
		off_watch(t); /* it was not in the call that it seemed to be in */
		t->call = CALL_NONE;
		return 0;
	}
	call = t->call;
	now = bpf_ktime_get_ns();
	tid = task->pid;
	slept = t->sleep.off >= t->enter && t->sleep.waking && t->sleep.run;
	if (t->sleep.off >= t->enter && !t->sleep.run)
		COUNT(switches_unseen, 1);
	switch (call) {
	case CALL_READ:
		sk = sock_of(task, t->fd);
		if (sk) {
			closed = BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE;
			if (closed || ports[BPF_CORE_READ(sk, __sk_common.skc_num)])
				data_read(task, (__u64)sk, result, false, closed, now);
		}
		t->call = CALL_NONE;
		return 0;
	case CALL_FUTEX_WAKE:
		t->wake_enter = t->enter;
		t->wake_exit = now;
		COUNT(wake_calls, 1);
		if (result > 0) {
			observe(WAKE_WOKE, NO_WAKE, now - t->enter);
		} else {
			COUNT(wakes_elided, 1);
			observe(WAKE_ELIDED, NO_WAKE, now - t->enter);
		}
		if (want_calls)
			EMIT(record_wake, RECORD_WAKE, {
				r->tid = tid;
				r->ts = now;
				r->enter = t->enter;
				r->woken = result;
			});
		t->call = CALL_NONE;
		return 0;
	case CALL_FUTEX_WAIT:
		if (!slept)
			break;
		if (result == 0 && t->sleep.call) {
			t->grant.sleep = t->sleep;
			t->grant.receipt = t->sleep_receipt;
			t->grant.ret = now;
			t->grant.open = true;
			t->grant.spent = false;
		} else {
			COUNT(wakes_other, 1);
		}
		break;
	default: /* CALL_ACCEPT, CALL_POLL */
		event = call == CALL_POLL ? result > 0 : result >= 0;
		if (event && (call == CALL_POLL || t->arms))
			received(t, tid, now, slept);
		/* If it was the last thread that waited, a gap begins. */
		if (t->arms && off_watch(t) <= 1 && event) {
			watch.giver = tid;
			watch.gap_began = now;
		}
		if (event && call == CALL_POLL)
			COUNT(polls, 1);
		if (event && call == CALL_ACCEPT)
			accepted(t, task, result, now);
	}
	if (want_calls)
		EMIT(record_wait, RECORD_WAIT, {
			r->tid = tid;
			r->ts = now;
			r->enter = t->enter;
			if (slept)
				r->sleep = t->sleep;
			else
				__builtin_memset(&r->sleep, 0, sizeof(r->sleep));
			r->result = result;
			r->call = call;
			r->padding = 0;
		});
	t->call = CALL_NONE;
	return 0;
}

#endif

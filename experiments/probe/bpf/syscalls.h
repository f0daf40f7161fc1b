/* System call events: waiting for events, accepting, waking. */
#ifndef LFLAB_SYSCALLS_H
#define LFLAB_SYSCALLS_H

#include "arguments.h"
#include "sockets.h"

/* The thread closes a file: forget the set or the Unix-domain connection that it
 * is. A duplicate of the file is learnt anew. */
static __always_inline void closes(struct task_struct *task, struct thread *t)
{
	__u64 key = (__u64)file_of(task, (__s32)t->object);

	bpf_map_delete_elem(&listening_sets, &key);
	if (!unix_served)
		return;
	key = (__u64)sock_of(task, (__s32)t->object);
	if (!key || BPF_CORE_READ((struct sock *)key, __sk_common.skc_family) != AF_UNIX)
		return;
	bpf_map_delete_elem(&connections, &key);
	bpf_map_delete_elem(&unix_listeners, &key);
}

/* Whether an accept of this listener never waits. */
static __always_inline bool accepts_at_once(struct task_struct *task, struct thread *t)
{
	struct file *file = file_of(task, (__s32)t->object);

	return file && BPF_CORE_READ(file, f_flags) & O_NONBLOCK;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task;
	struct thread *t;
	__u32 call, timeout, tid;
	bool compat;
	__u64 now;

	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	COUNT(syscalls, 1);
	t = state_of(task);
	if (!t)
		return 0;
	/* Any call may wake another thread, so each leaves its entry. */
	compat = compat_call(task);
	now = bpf_ktime_get_ns();
	tid = task->pid;
	t->number = call_number(id, compat);
	t->enter = now;
	t->inside = true;
	t->woke = 0;
	call = entry_of(t->number);
	timeout = call >> 4;
	call &= 15;
	t->unlocks = call == CALL_FUTEX && (argument(regs, 1, compat) & FUTEX_OPERATION) == FUTEX_UNLOCK_PI;
	if (call != CALL_RESTART)
		t->object = argument(regs, 0, compat);
	if (call == CALL_NONE) {
		t->call = CALL_NONE;
		return 0;
	}
	HIT();
	if (call == CALL_RESTART) {
		call = t->restart;
	} else {
		call = meaning_of(call, regs, compat);
		if (call == CALL_POLL || call == CALL_SELECT || call == CALL_URING) {
			t->polls = true;
			t->set = set_of(task, regs, call, timeout, compat);
			if (!waits(regs, timeout, compat)) {
				t->call = call;
				return 0;
			}
		}
	}
	t->call = call;
	switch (call) {
	case CALL_FUTEX_WAIT:
		waits_again(t, tid);
		return 0;
	case CALL_CLOSE:
		closes(task, t);
		return 0;
	case CALL_POLL:
	case CALL_SELECT:
	case CALL_URING:
		if (!listens(t->set))
			return 0;
		break;
	case CALL_ACCEPT:
		/* After a wait on several files, it takes what that wait found. */
		if (t->polls && (t->offered || accepts_at_once(task, t)))
			return 0;
		break;
	default:
		return 0;
	}
	t->stopped_on_watch = false;
	armed(t, tid, now);
	return 0;
}

/* A followed process serves connections like this one. */
static __always_inline void serves(struct task_struct *task, struct thread *t, struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u64 listener;
	__u8 yes = 1;

	if (family != AF_UNIX) {
		ports[BPF_CORE_READ(sk, __sk_common.skc_num)] = 1;
		return;
	}
	listener = (__u64)sock_of(task, (__s32)t->object);
	bpf_map_update_elem(&unix_listeners, &listener, &yes, BPF_ANY);
	unix_served = true;
}

static __always_inline void accepted(struct thread *t, struct task_struct *task, __s64 fd, __u64 now)
{
	struct sock *sk = sock_of(task, fd);
	struct connection *c, fresh;
	__u64 key = (__u64)sk;
	__u32 tid = task->pid;

	if (!sk)
		return;
	COUNT(connections, 1);
	if (!t->receipt.sleep.off)
		COUNT(accepts_at_once, 1);
	serves(task, t, sk);
	if (t->offered)
		learn(t->set);
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
	fresh.answered = true;
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		SHARE(dropped_connections, 1);
}

/* The thread returns from a call that has woken another thread, or was to. */
static __always_inline void wakes(struct thread *t, __u32 tid, __s64 result, __u64 now)
{
	__s64 woken = t->woke;

	t->wake_enter = t->enter;
	t->wake_exit = now;
	if (t->call == CALL_FUTEX_WAKE) {
		COUNT(wake_calls, 1);
		if (result > woken)
			woken = result;
		if (!woken && t->unlocks)
			return; /* its result does not tell whether a thread waited */
	}
	if (woken) {
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
			r->woken = woken;
			r->number = t->number;
			r->padding = 0;
		});
}

/* The thread returns from a call that reads, on a kernel whose sockets do not
 * tell of it. */
static __always_inline void read_call(struct task_struct *task, struct thread *t, __s64 result, __u64 now)
{
	struct sock *sk = sock_of(task, (__s32)t->object);

	if (sk && ours(sk))
		data_read(task, (__u64)sk, result, false, BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE, now);
}

/* Records that the thread has received an event. */
static __always_inline void received(struct thread *t, __u32 call, __u32 tid, __u64 now, bool slept)
{
	struct receipt *r = &t->receipt;

	r->enter = t->enter;
	if (slept)
		r->sleep = t->sleep;
	else
		__builtin_memset(&r->sleep, 0, sizeof(r->sleep));
	r->ret = now;
	r->by = tid;
	r->polled = call != CALL_ACCEPT;
	r->set = r->polled ? t->set : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct task_struct *task;
	struct thread *t;
	bool slept, event, woken, polled;
	__u32 call, tid;
	__u64 now;

	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	t = state_of(task);
	if (!t)
		return 0;
	if (!t->inside || (t->number & ~COMPAT) != (call_number(number_of(regs), false) & ~COMPAT)) {
		off_watch(t); /* it was not in the call that it seemed to be in */
		t->inside = false;
		t->call = CALL_NONE;
		return 0;
	}
	call = t->call;
	slept = t->sleep.off >= t->enter && t->sleep.waking && t->sleep.run;
	woken = slept && t->sleep.call; /* by a followed thread */
	if (call == CALL_NONE && !woken && !t->woke) {
		t->inside = false;
		return 0;
	}
	now = bpf_ktime_get_ns();
	tid = task->pid;
	if (t->sleep.off >= t->enter && !t->sleep.run)
		COUNT(switches_unseen, 1);
	if (woken)
		granted(t, tid, now);
	if (call == CALL_FUTEX_WAKE || t->woke)
		wakes(t, tid, result, now);
	polled = call == CALL_POLL || call == CALL_SELECT || call == CALL_URING;
	t->inside = false;
	t->call = CALL_NONE;
	t->restart = call;
	switch (call) {
	case CALL_READ:
		if (read_calls)
			read_call(task, t, result, now);
		break;
	case CALL_FUTEX_WAIT:
		if (slept && !woken)
			COUNT(wakes_other, 1);
		break;
	case CALL_ACCEPT:
	case CALL_POLL:
	case CALL_SELECT:
	case CALL_URING:
		event = call == CALL_POLL || call == CALL_SELECT ? result > 0 : result >= 0;
		/* A ring also wakes a thread for another one. */
		if (event && (t->arms || (polled && !(call == CALL_URING && woken))))
			received(t, call, tid, now, slept);
		/* If it was the last thread that waited, a gap begins. */
		if (t->arms && event)
			watch.receiver = tid;
		if (t->arms && off_watch(t) <= 1 && event) {
			watch.giver = tid;
			watch.gap_began = now;
		}
		if (event && polled) {
			t->offered = call != CALL_URING; /* a ring accepts by itself */
			COUNT(polls, 1);
		}
		if (event && call == CALL_ACCEPT)
			accepted(t, task, result, now);
		if (call == CALL_ACCEPT)
			t->offered = false;
	}
	if (want_calls && (woken || call == CALL_FUTEX_WAIT || call == CALL_ACCEPT || polled))
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
			r->number = t->number;
		});
	return 0;
}

#endif

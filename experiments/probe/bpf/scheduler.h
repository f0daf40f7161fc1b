/* Scheduler events: how sleeps end. */
#ifndef LFLAB_SCHEDULER_H
#define LFLAB_SCHEDULER_H

#include "arguments.h"
#include "handoff.h"
#include "interrupt.h"

/* The mechanism of a wake-up by a thread that is, or was last, in that call. */
static __always_inline __u32 kind_of(struct task_struct *waker, struct thread *w, __u32 sleeps)
{
	__u32 n = w->number & (CALLS - 1), kind = w->number & COMPAT ? wakers32[n] : wakers[n];

	if (kind == KIND_PIPE) /* a call on any file */
		kind = kind_of_file(file_of(waker, (__s32)w->object));
	if (kind == KIND_UNKNOWN && sleeps == CALL_URING)
		kind = KIND_URING;
	return kind;
}

static __always_inline void count_mechanism(struct sleep *s)
{
	struct mechanism key = {.by = s->by, .in = s->in, .kind = s->kind};
	__u64 *n, one = 1;

	if (!recording)
		return;
	n = bpf_map_lookup_elem(&mechanisms, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else if (bpf_map_update_elem(&mechanisms, &key, &one, BPF_NOEXIST))
		SHARE(wakes_unlisted, 1);
}

/* current wakes p, which sleeps. */
static __always_inline void woken_by(struct thread *t, struct task_struct *current, struct thread *w)
{
	__u32 zero = 0, kind = kind_of(current, w, t->inside ? t->call : CALL_NONE);
	struct counts *c = bpf_map_lookup_elem(&counters, &zero);

	/* After its call a thread still closes files, does the work of a ring, and
	 * ends. Whatever else wakes there is no act of its own. */
	if (!w->inside && kind != KIND_CLOSE && kind != KIND_EXIT && kind != KIND_URING) {
		COUNT(wakes_outside, 1);
		return;
	}
	t->sleep.waker = current->pid;
	t->sleep.call = w->enter;
	t->sleep.by = w->number;
	t->sleep.in = t->inside ? t->number : NO_CALL;
	t->sleep.kind = kind;
	t->sleep_receipt = w->receipt;
	if (t->counted == w->enter) /* the same call wakes it again from another sleep */
		return;
	t->counted = w->enter;
	w->woke++;
	if (!c || !recording || kind >= KINDS)
		return;
	c->wakes_issued++;
	(&c->wakes_unknown)[kind]++;
	count_mechanism(&t->sleep);
}

/* A listener's readiness wakes a thread that waits on several files: the listener is
 * one of them. */
static __always_inline void learn_bell(struct thread *t, __u32 tid)
{
	__u32 zero = 0;
	struct arrival *a;

	if (t->arms || !t->inside || (t->call != CALL_POLL && t->call != CALL_SELECT && t->call != CALL_URING))
		return;
	a = bpf_map_lookup_elem(&arrivals, &zero);
	if (!a || !a->rung || t->sleep.waking - a->rung > RINGS || listens(t->set))
		return;
	learn(t->set);
	t->stopped_on_watch = true;
	armed(t, tid, t->enter);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *p)
{
	struct task_struct *current;
	struct thread *t, *w;
	bool asleep, followed_waker;

	if (!concerns(p->tgid))
		return 0;
	t = state_of(p);
	if (!t)
		return 0;
	HIT();
	asleep = t->sleep.off && !t->sleep.run; /* else awake, or on its way to sleep */
	if (t->nested || (asleep && t->sleep.waking))
		return 0;
	if (asleep) {
		t->sleep.waking = bpf_ktime_get_ns();
		t->sleep.waker_cpu = bpf_get_smp_processor_id();
	}
	/* Other sleeps are for the kernel's own locks. */
	if (!(p->__state & TASK_INTERRUPTIBLE))
		return 0;
	/* This program runs in the waker, or in an interrupt on its CPU. */
	current = bpf_get_current_task_btf();
	followed_waker = concerns(current->tgid);
	if (asleep && (!followed_waker || interrupted(current)))
		learn_bell(t, p->pid);
	if (current == p || !followed_waker)
		return 0;
	w = state_of(current);
	if (!w || !w->enter)
		return 0;
	if (interrupted(current))
		COUNT(wakes_interrupt, asleep);
	else if (asleep)
		woken_by(t, current, w);
	else
		COUNT(wakes_raced, 1);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup, struct task_struct *p)
{
	struct thread *t;

	if (!concerns(p->tgid))
		return 0;
	t = state_of(p);
	if (t && t->sleep.waking && !t->sleep.wakeup)
		t->sleep.wakeup = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state)
{
	bool leaves = concerns(prev->tgid), comes = concerns(next->tgid);
	__u32 cpu = bpf_get_smp_processor_id();
	struct thread *t;
	__u64 now;

	if (!leaves && !comes)
		return 0;
	now = bpf_ktime_get_ns();
	t = leaves ? state_of(prev) : 0;
	if (t) {
		bool blocks = prev_state && !preempt && t->arms && !t->stopped_on_watch;

		HIT();
		if (want_calls && (t->run || blocks))
			EMIT(record_run, RECORD_RUN, {
				r->tid = prev->pid;
				r->ts = now;
				r->from = t->run;
				r->armed = blocks ? t->enter : 0;
				r->waking = t->sleep.run == t->run ? t->sleep.waking : 0;
				r->cpu = cpu;
				r->waker_cpu = t->sleep.waker_cpu;
				r->state = preempt ? 0 : prev_state;
				r->padding = 0;
			});
		t->run = 0;
		if (prev_state && !preempt) {
			COUNT(switches_voluntary, 1);
			/* A thread that was woken may sleep once more before its call
			 * returns, for a lock of the kernel. This sleep is a part of
			 * what comes after the wake-up. */
			t->nested = t->inside && prev_state & TASK_UNINTERRUPTIBLE && t->sleep.call && t->sleep.off >= t->enter;
			if (!t->nested) {
				if (t->inside && t->sleep.call && t->sleep.off >= t->enter)
					COUNT(wakes_wasted, 1); /* its call found nothing */
				__builtin_memset(&t->sleep, 0, sizeof(t->sleep));
				barrier(); /* set last, because a waker on another CPU may read it at once */
				t->sleep.off = now;
			}
			if (blocks) {
				t->stopped_on_watch = true;
				if (now > t->enter)
					observe(ARM_BLOCK, NO_WAKE, now - t->enter);
			}
		} else {
			COUNT(switches_involuntary, 1);
		}
	}
	t = comes ? state_of(next) : 0;
	if (t) {
		HIT();
		t->run = now;
		t->nested = false;
		if (t->sleep.off && !t->sleep.run) { /* also when it was woken before it slept: this sleep is over */
			t->sleep.run = now;
			t->sleep.cpu = cpu;
			if (t->sleep.waking && now > t->sleep.waking)
				observe(WAKING_SWITCH, placement_of(&t->sleep), now - t->sleep.waking);
		}
		if (t->cpu != cpu + 1) {
			if (t->cpu)
				COUNT(migrations, 1);
			t->cpu = cpu + 1;
		}
	}
	return 0;
}

#endif

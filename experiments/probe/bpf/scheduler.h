/* Scheduler events: how sleeps end. */
#ifndef LFLAB_SCHEDULER_H
#define LFLAB_SCHEDULER_H

#include "state.h"

SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *p)
{
	struct task_struct *current;
	struct thread *t, *w;

	if (!concerns(p->tgid))
		return 0;
	t = state_of(p);
	if (!t)
		return 0;
	HIT();
	if (!t->sleep.off || t->sleep.run) { /* awake, or on its way to sleep */
		if (t->call)
			COUNT(wakes_raced, 1);
		return 0;
	}
	if (t->sleep.waking)
		return 0;
	t->sleep.waking = bpf_ktime_get_ns();
	t->sleep.waker_cpu = bpf_get_smp_processor_id();
	if (t->call != CALL_FUTEX_WAIT)
		return 0;
	/* This program runs in the waker. */
	current = bpf_get_current_task_btf();
	if (!concerns(current->tgid))
		return 0;
	w = state_of(current);
	if (!w || w->call != CALL_FUTEX_WAKE)
		return 0;
	t->sleep.waker = current->pid;
	t->sleep.call = w->enter;
	t->sleep_receipt = w->receipt;
	COUNT(wakes_issued, 1);
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
			__builtin_memset(&t->sleep, 0, sizeof(t->sleep));
			barrier(); /* set last, because a waker on another CPU may read it at once */
			t->sleep.off = now;
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

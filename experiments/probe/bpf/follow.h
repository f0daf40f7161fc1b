/* Following threads: those that run already, and those that start later. */
#ifndef LFLAB_FOLLOW_H
#define LFLAB_FOLLOW_H

#include "arguments.h"

static __always_inline void follow(struct task_struct *task)
{
	struct thread *t;

	t = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t)
		SHARE(dropped_threads, 1);
	else
		SHARE(threads, 1);
}

static __always_inline void follow_process(__u32 tgid)
{
	__u8 yes = 1;

	if (bpf_map_update_elem(&processes, &tgid, &yes, BPF_NOEXIST)) {
		SHARE(dropped_processes, 1);
		return;
	}
	__sync_fetch_and_add(&followed[tgid & (BITS - 1)], 1);
	SHARE(processes, 1);
}

/* A process has ended. Its ID may soon be that of a stranger. */
static __always_inline void forget_process(__u32 tgid)
{
	if (!bpf_map_delete_elem(&processes, &tgid))
		__sync_fetch_and_add(&followed[tgid & (BITS - 1)], -1);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid;

	if (!concerns(tgid) || !bpf_map_lookup_elem(&processes, &tgid))
		return 0;
	if (child->tgid != tgid) {
		if (!children)
			return 0;
		follow_process(child->tgid);
	}
	follow(child);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(ended, struct task_struct *task)
{
	struct thread *t;

	if (!concerns(task->tgid))
		return 0;
	t = bpf_task_storage_get(&threads, task, 0, 0);
	if (t)
		off_watch(t);
	if (task->signal->live.counter == 0) /* it was the last one; this has been counted down before */
		forget_process(task->tgid);
	return 0;
}

/* The ID of a task's process in the pid namespace `pidns`; 0 if it has
 * none there. */
static __always_inline __u32 local_number(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level), i;

	for (i = 0; i < 8; i++) {
		struct upid upid;
		if (i > level)
			break;
		bpf_probe_read_kernel(&upid, sizeof(upid), (void *)pid + bpf_core_field_offset(pid->numbers) + i * sizeof(upid));
		if (BPF_CORE_READ(upid.ns, ns.inum) == pidns)
			return upid.nr;
	}
	return 0;
}

/* Walks all threads of the machine and follows those of the target processes.
 * A parent usually comes before its children. User space runs this program
 * again until it adds no thread, which finds the other children. */
SEC("iter/task")
int seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *parent;
	struct pt_regs *regs;
	struct thread *t;
	__u32 number, tgid, ptgid, call;
	struct sock *sk;
	__u8 yes = 1;
	bool compat;

	if (!task || helper(task))
		return 0;
	tgid = task->tgid;
	if (!bpf_map_lookup_elem(&processes, &tgid)) {
		number = local_number(task);
		parent = task->real_parent;
		ptgid = parent->tgid;
		if (bpf_map_lookup_elem(&asked, &number) || (children && bpf_map_lookup_elem(&processes, &ptgid)))
			follow_process(tgid);
		else
			return 0;
	}
	if (bpf_task_storage_get(&threads, task, 0, 0))
		return 0;
	follow(task);
	/* The thread is already in a blocking call. */
	t = bpf_task_storage_get(&threads, task, 0, 0);
	if (!t || !(task->__state & TASK_INTERRUPTIBLE))
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	compat = compat_call(task);
	t->number = call_number(number_of(regs), compat);
	call = meaning_of(entry_of(t->number) & 15, regs, compat);
	t->call = call;
	t->inside = true;
	t->object = argument(regs, 0, compat);
	t->enter = t->sleep.off = bpf_ktime_get_ns();
	if (call == CALL_POLL || call == CALL_SELECT || call == CALL_URING) {
		t->polls = true;
		t->set = set_of(task, regs, call, entry_of(t->number) >> 4, compat);
	}
	if (call == CALL_ACCEPT) {
		sk = sock_of(task, (__s32)t->object);
		number = (__u64)sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX;
		if (number) {
			__u64 key = (__u64)sk;
			bpf_map_update_elem(&unix_listeners, &key, &yes, BPF_ANY);
			unix_served = true;
		}
		t->arms = t->member = t->stopped_on_watch = true;
		__sync_fetch_and_add(&watch.on, 1);
	}
	return 0;
}

#endif

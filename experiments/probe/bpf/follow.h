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

	if (bpf_map_update_elem(&processes, &tgid, &yes, BPF_ANY))
		SHARE(dropped_processes, 1);
	followed[tgid & (BITS - 1)] = 1;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid;

	if (!followed[tgid & (BITS - 1)] || !bpf_map_lookup_elem(&processes, &tgid))
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

	if (!followed[task->tgid & (BITS - 1)])
		return 0;
	t = bpf_task_storage_get(&threads, task, 0, 0);
	if (t)
		off_watch(t);
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

	if (!task)
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
	call = call_of(number_of(regs));
	if (call == CALL_FUTEX)
		call = futex_call(argument(regs, 1));
	t->call = call;
	t->enter = t->sleep.off = bpf_ktime_get_ns();
	if (call == CALL_POLL)
		t->polls = true;
	if (call == CALL_ACCEPT) {
		t->arms = t->member = t->stopped_on_watch = true;
		__sync_fetch_and_add(&watch.on, 1);
	}
	return 0;
}

#endif

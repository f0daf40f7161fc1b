/* System calls: their numbers, their arguments, and the meaning of both. */
#ifndef LFLAB_ARGUMENTS_H
#define LFLAB_ARGUMENTS_H

#include "state.h"

static __always_inline long argument(struct pt_regs *regs, int n)
{
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm = (void *)regs;

	if (bpf_core_field_exists(x86->orig_ax)) {
		switch (n) {
		case 0:
			return x86->di;
		case 1:
			return x86->si;
		case 2:
			return x86->dx;
		default:
			return x86->r10;
		}
	}
	return arm->regs[n];
}

static __always_inline __u32 number_of(struct pt_regs *regs)
{
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm = (void *)regs;

	if (bpf_core_field_exists(x86->orig_ax))
		return x86->orig_ax;
	return arm->syscallno;
}

static __always_inline __u32 call_of(__u32 number)
{
	return number < CALLS ? calls[number] : CALL_NONE;
}

/* Operations of futex(2), from <linux/futex.h>. */
static __always_inline __u32 futex_call(long op)
{
	switch (op & 0x7f) {
	case 0:  /* WAIT */
	case 6:  /* LOCK_PI */
	case 9:  /* WAIT_BITSET */
	case 11: /* WAIT_REQUEUE_PI */
	case 13: /* LOCK_PI2 */
		return CALL_FUTEX_WAIT;
	case 1:  /* WAKE */
	case 3:  /* REQUEUE */
	case 4:  /* CMP_REQUEUE */
	case 5:  /* WAKE_OP */
	case 7:  /* UNLOCK_PI */
	case 10: /* WAKE_BITSET */
	case 12: /* CMP_REQUEUE_PI */
		return CALL_FUTEX_WAKE;
	}
	return CALL_NONE;
}

static __always_inline struct file *file_of(struct task_struct *task, __s64 fd)
{
	struct file **table, *file = 0;

	if (fd < 0)
		return 0;
	table = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	return file;
}

static __always_inline struct sock *sock_of(struct task_struct *task, __s64 fd)
{
	struct file *file = file_of(task, fd);
	struct socket *socket;

	if (!file)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

#endif

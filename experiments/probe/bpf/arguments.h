/* System calls: their numbers, their arguments, and the meaning of both. */
#ifndef LFLAB_ARGUMENTS_H
#define LFLAB_ARGUMENTS_H

#include "state.h"

static __always_inline __u64 argument(struct pt_regs *regs, int n, bool compat)
{
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm = (void *)regs;

	if (!bpf_core_field_exists(x86->orig_ax))
		return arm->regs[n];
	switch (n) {
	case 0:
		return compat ? (__u32)x86->bx : x86->di;
	case 1:
		return compat ? (__u32)x86->cx : x86->si;
	case 2:
		return (compat ? (__u32)x86->dx : x86->dx);
	case 3:
		return compat ? (__u32)x86->si : x86->r10;
	default:
		return compat ? (__u32)x86->di : x86->r8;
	}
}

/* The number of a system call that a thread has entered. */
static __always_inline __u32 number_of(struct pt_regs *regs)
{
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm = (void *)regs;

	if (bpf_core_field_exists(x86->orig_ax))
		return x86->orig_ax;
	return arm->syscallno;
}

/* Whether the thread's system call is one of 32 bits. */
static __always_inline bool compat_call(struct task_struct *task)
{
	struct task_struct___x86 *x86 = (void *)task;

	if (bpf_core_field_exists(x86->thread_info.status))
		return BPF_CORE_READ(x86, thread_info.status) & TS_COMPAT;
	return false;
}

/* The call's number with COMPAT, as it stands in a thread's state. */
static __always_inline __u16 call_number(__u32 number, bool compat)
{
	return (number < CALLS ? number : CALLS - 1) | (compat ? COMPAT : 0);
}

/* The call, and 16 times its enum timeout. */
static __always_inline __u32 entry_of(__u16 number)
{
	__u32 n = number & (CALLS - 1);

	return number & COMPAT ? calls32[n] : calls[n];
}

/* Operations of futex(2), from <linux/futex.h>. */
#define FUTEX_UNLOCK_PI 7
#define FUTEX_OPERATION 0x7f

static __always_inline __u32 futex_call(long op)
{
	switch (op & FUTEX_OPERATION) {
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
	case FUTEX_UNLOCK_PI:
	case 10: /* WAKE_BITSET */
	case 12: /* CMP_REQUEUE_PI */
		return CALL_FUTEX_WAKE;
	}
	return CALL_NONE;
}

/* Flags of io_uring_enter(2), from <linux/io_uring.h>. */
#define URING_GETEVENTS 1
#define URING_REGISTERED 16

static __always_inline bool zero_time(__u64 address)
{
	__u64 time[2];

	if (!address || bpf_probe_read_user(time, sizeof(time), (void *)address))
		return false;
	return !time[0] && !time[1];
}

/* Whether the call waits for events, or only looks whether there are some. */
static __always_inline bool waits(struct pt_regs *regs, __u32 timeout, bool compat)
{
	switch (timeout) {
	case TIMEOUT_MS_2:
		return (__s32)argument(regs, 2, compat);
	case TIMEOUT_MS_3:
		return (__s32)argument(regs, 3, compat);
	case TIMEOUT_TIME_2:
		return compat || !zero_time(argument(regs, 2, compat));
	case TIMEOUT_TIME_3:
		return compat || !zero_time(argument(regs, 3, compat));
	case TIMEOUT_TIME_4:
		return compat || !zero_time(argument(regs, 4, compat));
	}
	return true;
}

/* The meaning of a call with these arguments. */
static __always_inline __u32 meaning_of(__u32 call, struct pt_regs *regs, bool compat)
{
	if (call == CALL_FUTEX)
		return futex_call(argument(regs, 1, compat));
	if (call == CALL_URING && !((argument(regs, 3, compat) & URING_GETEVENTS) && argument(regs, 2, compat)))
		return CALL_NONE; /* it only submits */
	return call;
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

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* What a wait on several files is on, as a key of listening_sets. */
static __always_inline __u64 set_of(struct task_struct *task, struct pt_regs *regs, __u32 call, __u32 timeout, bool compat)
{
	__u64 first = argument(regs, 0, compat);

	switch (call) {
	case CALL_SELECT: /* the address of the array; poll has it first, select second */
		if (timeout == TIMEOUT_TIME_4)
			first = argument(regs, 1, compat);
		break;
	case CALL_URING:
		if (!(argument(regs, 3, compat) & URING_REGISTERED))
			return (__u64)file_of(task, (__s32)first);
		break;
	default:
		return (__u64)file_of(task, (__s32)first);
	}
	/* No address of the kernel is less. */
	return (first & 0xffffffffffff) | (__u64)(task->tgid & 0x7fff) << 48;
}

/* The value of a set in listening_sets. */
static __always_inline __u64 value_of(__u64 set)
{
	struct file *file = (struct file *)set;

	return (__s64)set < 0 ? (__u64)BPF_CORE_READ(file, private_data) : 0;
}

/* Remember that a wait on this set is a wait for connections. */
static __always_inline void learn(__u64 set)
{
	__u64 value = value_of(set);

	if (set)
		bpf_map_update_elem(&listening_sets, &set, &value, BPF_ANY);
}

static __always_inline bool listens(__u64 set)
{
	__u64 *value = bpf_map_lookup_elem(&listening_sets, &set);

	return value && *value == value_of(set);
}

/* The kind of a file that a thread writes to or reads from. */
static __always_inline __u32 kind_of_file(struct file *file)
{
	char name[8] = {};
	const unsigned char *at;

	if (!file)
		return KIND_UNKNOWN;
	switch (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) {
	case S_IFIFO:
		return KIND_PIPE;
	case S_IFSOCK:
		return KIND_SOCKET;
	}
	at = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(name, sizeof(name), at);
	if (name[0] == '[' && name[1] == 'e' && name[2] == 'v' && name[3] == 'e' && name[4] == 'n' && name[5] == 't' && name[6] == 'f')
		return KIND_EVENTFD; /* [eventfd] */
	return KIND_UNKNOWN;
}

#endif

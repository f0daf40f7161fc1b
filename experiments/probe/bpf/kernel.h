/* The fields of kernel structures that the programs use, and no others.
 * preserve_access_index makes each access a CO-RE relocation: the loader finds
 * the field's offset in the running kernel's BTF, so the order and the
 * neighbours here do not matter. */
#ifndef LFLAB_KERNEL_H
#define LFLAB_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct file {
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int __state;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct files_struct *files;
	struct pid *thread_pid;
};

struct sock_common {
	unsigned short skc_family;
	unsigned char skc_state;
	unsigned short skc_num; /* local port, host order */
};

struct sock {
	struct sock_common __sk_common;
};

struct socket {
	struct sock *sk;
};

/* Registers at a system call's entry. The programs use the flavour that the
 * running kernel has. */
struct pt_regs {
	unsigned long unused;
};

struct pt_regs___x86 {
	unsigned long di, si, dx, r10, orig_ax;
};

struct pt_regs___arm64 {
	unsigned long regs[31];
	int syscallno;
};

struct bpf_iter_meta;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define TCP_ESTABLISHED 1
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define MSG_PEEK 2
#define TASK_INTERRUPTIBLE 1

#endif

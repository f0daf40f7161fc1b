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

struct inode {
	unsigned short i_mode;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
	unsigned int f_flags;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads of the process that have not ended */
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int __state;
	unsigned int flags;
	struct signal_struct *signal;
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

struct sk_buff_head {
	struct sk_buff *prev; /* the last in the queue */
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
};

struct sk_buff {
	struct sock *sk;
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
	unsigned long di, si, dx, r10, r8, bx, cx, orig_ax;
};

struct pt_regs___arm64 {
	unsigned long regs[31];
	int syscallno;
};

/* A thread's own record of the architecture. x86 notes there that the system
 * call is one of 32 bits; arm64 keeps the preemption count there. */
struct thread_info___x86 {
	unsigned int status;
};

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
};

struct thread_info___arm64 {
	__u64 preempt_count;
};

struct task_struct___arm64 {
	struct thread_info___arm64 thread_info;
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
#define TASK_UNINTERRUPTIBLE 2
#define PF_IO_WORKER 0x10
#define PF_USER_WORKER 0x4000
#define TS_COMPAT 2
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define O_NONBLOCK 04000
#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFSOCK 0140000

#endif

/* The state that the programs keep: of each followed thread, each connection, and
 * the threads that wait for events; and the macros that count and emit. */
#ifndef LFLAB_STATE_H
#define LFLAB_STATE_H

#include "kernel.h"
#include "histogram.h"
#include "records.h"

enum call {
	CALL_NONE,
	CALL_ACCEPT,
	CALL_POLL,       /* epoll_wait and its variants */
	CALL_SELECT,     /* poll, select and their variants */
	CALL_URING,      /* io_uring_enter, if it waits */
	CALL_FUTEX,      /* the operation decides between waiting and waking */
	CALL_FUTEX_WAIT,
	CALL_FUTEX_WAKE,
	CALL_READ,
	CALL_WAIT,       /* any other wait that user code asks for */
	CALL_CLOSE,
	CALL_RESTART,    /* restart_syscall goes on with what the thread did before */
};
const enum call *unused_call __attribute__((unused));

/* How a wait says that it does not wait: the argument that holds its timeout.
 * It stands above the call in the table. */
enum timeout {
	TIMEOUT_NONE,
	TIMEOUT_MS_2,     /* milliseconds, the third argument */
	TIMEOUT_MS_3,
	TIMEOUT_TIME_2,   /* the address of a time */
	TIMEOUT_TIME_3,
	TIMEOUT_TIME_4,
};
const enum timeout *unused_timeout __attribute__((unused));

#define CALLS 512
#define COMPAT 0x8000                /* in a system call's number: it is one of 32 bits */
#define NO_CALL 0xffff

/* How the programs know that they run in an interrupt: where the kernel keeps the
 * preemption count, or by the tracepoints of interrupts. */
enum preempt {
	PREEMPT_TRACED,
	PREEMPT_VARIABLE,   /* a variable of each CPU */
	PREEMPT_STRUCTURE,  /* in a structure of each CPU */
	PREEMPT_THREAD,     /* in the thread */
};
const enum preempt *unused_preempt __attribute__((unused));

/* Set before loading. */
const volatile __u8 calls[CALLS];    /* enum call by system call number, and 16 times its enum timeout */
const volatile __u8 calls32[CALLS];  /* the same for 32-bit callers */
const volatile __u8 wakers[CALLS];   /* enum kind by number of the waker's system call */
const volatile __u8 wakers32[CALLS];
const volatile __u32 preempt_form;   /* enum preempt */
const volatile __u32 preempt_offset; /* of the count in the structure */
const volatile bool read_calls;      /* take reads from system calls */
const volatile bool answers;         /* writes to sockets are seen */
const volatile __u32 pidns;          /* inode of the pid namespace of the IDs in `asked` */
const volatile bool children;        /* follow processes that followed ones start */
const volatile bool want_requests;   /* records of requests, hand-offs and gaps */
const volatile bool want_calls;      /* records of waits, wake calls and runs */

/* Each CPU has its own counters. COUNT is a plain addition, for counters of one
 * program (histogram.h says why that is enough). SHARE is atomic, because one
 * program may interrupt another, and it also counts while nothing
 * is recorded. */
struct counts {
	__u64 connections;
	__u64 accepts_unseen;       /* connections that were read, but whose accept was not seen */
	__u64 accepts_at_once;      /* accept did not sleep */
	__u64 polls;                /* returns of a wait on several files with events */
	__u64 requests;             /* the first data after the last answer became ready and was read */
	__u64 requests_passed;      /* ... by a thread that was woken for it */
	__u64 requests_queued;      /* ... by another thread than before, which did not sleep since */
	__u64 requests_slept;       /* ... by another thread than before, which slept since and was not woken for it */
	__u64 moves;                /* a connection was used by another thread than before */
	__u64 handoffs_item;
	__u64 handoffs_lead;
	__u64 handoffs_own;         /* woken threads that then waited for events, and had received the last one */
	__u64 handoffs_bare;        /* woken threads that serve nothing and slept again */
	__u64 wake_calls;           /* of futex */
	__u64 wakes_elided;         /* wake calls that found no sleeper */
	__u64 wakes_issued;         /* followed threads woken by followed threads, by whatever mechanism */
	__u64 wakes_unknown;        /* ... in the order of enum kind */
	__u64 wakes_futex;
	__u64 wakes_eventfd;
	__u64 wakes_pipe;
	__u64 wakes_socket;
	__u64 wakes_signal;
	__u64 wakes_semaphore;
	__u64 wakes_queue;
	__u64 wakes_epoll;
	__u64 wakes_uring;
	__u64 wakes_lock;
	__u64 wakes_close;
	__u64 wakes_exit;
	__u64 wakes_wasted;         /* woken serving threads that slept again without using the wake-up */
	__u64 wakes_raced;          /* woken by followed threads before they had gone to sleep */
	__u64 wakes_other;          /* futex sleeps ended by time or by threads that are not followed */
	__u64 wakes_interrupt;      /* sleeps ended by an interrupt on a CPU of a followed thread */
	__u64 wakes_outside;        /* sleeps ended by a followed thread in no call: the kernel's own act, such as a stop */
	__u64 wakes_unlisted;       /* mechanisms for which the table was full */
	__u64 syscalls;             /* entered, of any kind */
	__u64 switches_voluntary;
	__u64 switches_involuntary;
	__u64 switches_unseen;      /* sleeps whose end no switch event showed */
	__u64 migrations;
	__u64 dropped_threads;      /* events of threads without state */
	__u64 dropped_connections;  /* the table was full */
	__u64 dropped_processes;    /* the table was full */
	__u64 unknown_sockets;      /* connections accepted without a known time of readiness */
	__u64 lost;                 /* records that found the ring full */
	__u64 events;               /* tracepoint hits that concerned a followed thread */
	__u64 threads;              /* all that were ever followed */
	__u64 processes;            /* so, too */
};
const struct counts *unused_counts __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} counters SEC(".maps");

#define COUNT(field, n)                                                         \
	do {                                                                    \
		__u32 zero_ = 0;                                                \
		struct counts *c_ = bpf_map_lookup_elem(&counters, &zero_);     \
		if (c_ && recording)                                            \
			c_->field += (n);                                       \
	} while (0)

/* Counts a tracepoint hit that concerns a followed thread. */
#define HIT()                                                                   \
	do {                                                                    \
		if (recording)                                                  \
			SHARE(events, 1);                                       \
	} while (0)

#define SHARE(field, n)                                                         \
	do {                                                                    \
		__u32 zero_ = 0;                                                \
		struct counts *c_ = bpf_map_lookup_elem(&counters, &zero_);     \
		if (c_)                                                         \
			__sync_fetch_and_add(&c_->field, (n));                  \
	} while (0)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} ring SEC(".maps");

/* A wake-up that a thread got from another one. */
struct grant {
	struct sleep sleep;
	struct receipt receipt; /* the waker's last event */
	__u64 ret;
	__u64 place;            /* what the thread slept on */
	bool open;              /* the thread has not used it yet */
	bool spent;             /* a request that waited for it was counted */
};

struct thread {
	__u32 call;
	__u32 restart;          /* the call that restart_syscall goes on with */
	__u16 number;           /* of the system call; COMPAT marks one of 32 bits */
	bool inside;            /* it is in that call */
	bool unlocks;           /* ... to unlock a mutex that inherits priority */
	bool nested;            /* it was woken, and sleeps once more within the kernel */
	bool offered;           /* a wait has returned with events, and it has accepted nothing since */
	__u32 woke;             /* how many followed threads the call has woken */
	bool arms;              /* this wait for events is counted in watch.on */
	bool polls;             /* it has waited on several files */
	bool member;            /* it has read a connection or waited for events */
	bool stopped_on_watch;  /* it has left the CPU in this wait */
	__u32 cpu;
	__u64 enter;
	__u64 run;              /* since when it runs; 0 if unknown */
	__u64 wake_enter, wake_exit;
	__u64 set;              /* what its last wait on several files was on */
	__u64 object;           /* the call's first argument */
	__u64 counted;          /* entry of the waker's call that was counted last */
	struct sleep sleep;
	struct receipt sleep_receipt; /* the waker's, if a followed thread ended the sleep */
	struct receipt receipt;
	struct grant grant;     /* the oldest wake-up that it has not used, else the last */
	struct grant relay;     /* a later one, from another sleep on the way to its use */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* Followed processes. Most events concern none of them. A number per ID says so at the
 * cost of one load. If two processes share a number, that costs only the search for
 * a state that does not exist. */
#define BITS 65536
__u32 followed[BITS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} processes SEC(".maps");

/* The target processes, by their ID in the pid namespace `pidns`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u8);
} asked SEC(".maps");

struct connection {
	__u64 established;
	__u64 listener_ready;
	__u64 data_ready;       /* since when it has unread data; 0 for none */
	__u64 accepted;
	struct receipt receipt; /* the acceptor's */
	__u32 acceptor;
	__u32 last;             /* the thread that used it last */
	bool read;              /* it was read at least once */
	bool answered;          /* written to since the last request */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);     /* struct sock */
	__type(value, struct connection);
} connections SEC(".maps");

/* Ports that followed processes listen on: those that user space found, and
 * those of accepted connections. */
__u8 ports[65536];

/* What a wait on several files is on, if it contains a listener, because an
 * accept followed a wait on it: an epoll instance, a ring, or a process's array
 * for poll or select. Only such a wait counts as a wait for events. The value is
 * the file's own, which another file at the same address does not have. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);     /* struct file, or the array's address and the process */
	__type(value, __u64);
} listening_sets SEC(".maps");

/* Listening Unix-domain sockets of followed processes, and whether there are any. */
bool unix_served;
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);     /* struct sock */
	__type(value, __u8);
} unix_listeners SEC(".maps");

/* How often which call woke a thread in which call. */
struct mechanism {
	__u16 by;
	__u16 in;
	__u32 kind;
};
const struct mechanism *unused_mechanism __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct mechanism);
	__type(value, __u64);
} mechanisms SEC(".maps");

/* The connection that was just established on this CPU. Its listener's
 * readiness follows in the same soft interrupt, and then the wake-ups of those
 * who wait for it. */
struct arrival {
	__u64 newborn;
	__u64 rung;     /* when a listener became ready, if no other socket has since */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arrival);
} arrivals SEC(".maps");

/* The longest time between a listener's readiness and the wake-ups that it
 * causes, in ns. */
#define RINGS 50000

/* Marks that a listener, or another socket, is ready. */
static __always_inline struct arrival *ring_bell(__u64 now)
{
	__u32 zero = 0;
	struct arrival *a = bpf_map_lookup_elem(&arrivals, &zero);

	if (a)
		a->rung = now;
	return a;
}

/* The number of threads that wait for events, and the gap in which none does. */
struct watch {
	__s64 on;
	__u64 gap_began;
	__u32 giver;
	__u32 receiver;         /* of the last event */
} watch;

static __always_inline bool concerns(__u32 tgid)
{
	return followed[tgid & (BITS - 1)];
}

/* A thread that the kernel keeps in a process for its own work, such as a worker
 * of an io_uring. It runs none of the process's code. */
static __always_inline bool helper(struct task_struct *task)
{
	return task->flags & (PF_IO_WORKER | PF_USER_WORKER);
}

static __always_inline struct thread *state_of(struct task_struct *task)
{
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);
	__u32 tgid;

	if (t)
		return t;
	/* Either the process only shares a byte, or the thread was missed. */
	tgid = task->tgid;
	if (recording && !helper(task) && bpf_map_lookup_elem(&processes, &tgid))
		SHARE(dropped_threads, 1);
	return 0;
}

/* The thread stops waiting for events. Returns how many waited before. */
static __always_inline __s64 off_watch(struct thread *t)
{
	if (!t->arms)
		return 0;
	t->arms = false;
	return __sync_fetch_and_add(&watch.on, -1);
}

static __always_inline __u32 placement_of(struct sleep *s)
{
	return s->waker_cpu == s->cpu ? SAME_CPU : CROSS_CPU;
}

/* Observes a stage from *at to the stamp, if that is later. A stamp before
 * *at takes no time, so the stages add up to the total. */
static __always_inline void upto(__u64 *at, __u64 stamp, __u32 stage, __u32 placement)
{
	if (stamp > *at) {
		observe(stage, placement, stamp - *at);
		*at = stamp;
	}
}

#define EMIT(type, kind_, body)                                                 \
	do {                                                                    \
		struct type *r;                                                 \
		if (!recording)                                                 \
			break;                                                  \
		r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);                  \
		if (!r) {                                                       \
			SHARE(lost, 1);                                         \
			break;                                                  \
		}                                                               \
		r->kind = kind_;                                                \
		body;                                                           \
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);                        \
	} while (0)

#endif

//go:build ignore

/* The programs behind `lflab probe`: they follow the threads of some processes
 * through waiting for events, being woken and reading connections, and keep a
 * histogram of every stage on the way.
 *
 * Of each thread they know what it waits for, its last sleep, the last event
 * that it received, and the last futex wake-up that it was given, with the
 * event that the waker had received. Of each connection, who accepted it and
 * since when it has had data. A stage is the time between two of these stamps.
 *
 * Every program first looks whether it concerns a followed process. Only the
 * iterator and the fork program, which may sleep or allocate, make a thread's
 * state; the others look it up. */

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "histogram.h"
#include "records.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum call {
	CALL_NONE,
	CALL_ACCEPT,
	CALL_POLL,
	CALL_FUTEX,      /* one number for waiting and waking: the operation decides */
	CALL_FUTEX_WAIT,
	CALL_FUTEX_WAKE,
	CALL_READ,
};
const enum call *unused_call __attribute__((unused));

#define CALLS 512

/* Set before loading. */
const volatile __u8 calls[CALLS];    /* enum call by system call number */
const volatile __u32 pidns;          /* inode of the pid namespace that asked() speaks of */
const volatile bool children;        /* follow processes that followed ones start */
const volatile bool want_requests;   /* records of requests, hand-offs and gaps */
const volatile bool want_calls;      /* records of waits, wake calls and runs */

/* Set when everything is attached, and cleared at the end. */
volatile bool recording;

/* Counts are plain additions on a CPU's own slot, each made by one program only,
 * for the reason that histogram.h gives. */
struct counts {
	__u64 connections;
	__u64 accepts_at_once;      /* accept did not sleep */
	__u64 polls;                /* returns of epoll_wait with events */
	__u64 requests;             /* data of a connection became ready and was read */
	__u64 requests_passed;      /* ... by a thread that was woken for it: the hand-off lies on its path */
	__u64 requests_queued;      /* ... by another thread than accepted it, which did not sleep */
	__u64 moves;                /* a connection was touched by another thread than before */
	__u64 handoffs_item;
	__u64 handoffs_lead;
	__u64 handoffs_bare;        /* woken threads that have no part in serving, and slept again */
	__u64 wake_calls;
	__u64 wakes_elided;         /* wake calls that found nobody asleep */
	__u64 wakes_issued;         /* followed threads woken by futex calls of followed threads */
	__u64 wakes_wasted;         /* woken members that slept again and did nothing */
	__u64 wakes_raced;          /* woken before they had gone to sleep */
	__u64 wakes_other;          /* futex sleeps ended by time, signals or other processes */
	__u64 switches_voluntary;
	__u64 switches_involuntary;
	__u64 migrations;
	__u64 dropped_threads;      /* events of threads without state */
	__u64 dropped_connections;  /* the table was full */
	__u64 dropped_processes;    /* the table was full */
	__u64 unknown_sockets;      /* accepted without a known readiness */
	__u64 lost;                 /* records that found the ring full */
	__u64 events;               /* hook hits that concerned a followed thread */
	__u64 threads;              /* followed, ever */
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
		if (c_)                                                         \
			c_->field += (n);                                       \
	} while (0)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} ring SEC(".maps");

/* What a thread was given by a futex wake-up. */
struct grant {
	struct sleep sleep;
	struct receipt receipt; /* the waker's last event */
	__u64 ret;
	bool open;              /* nothing has come of it yet */
};

struct thread {
	__u32 call;
	bool arms;              /* this wait for events counts in watch.on */
	bool polls;             /* it has called epoll_wait: its accepts do not wait */
	bool member;            /* it has read or waited for events */
	bool stopped_on_watch;  /* it has left the CPU in this wait */
	__u32 cpu;
	__u64 enter;
	__u64 run;              /* since when on the CPU; 0 unknown */
	__u64 wake_enter, wake_exit;
	__u64 set;              /* epoll instance (struct file) of the last epoll_wait */
	__s32 fd;
	struct sleep sleep;
	struct receipt sleep_receipt; /* the waker's, when sleep was ended by a futex call */
	struct receipt receipt;
	struct grant grant;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* Followed processes. Most events concern none of them: the bits say so at the
 * price of one load, and a bit that two processes share costs no more than the
 * look for a state that is not there. */
#define BITS 65536
__u8 followed[BITS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} processes SEC(".maps");

/* Processes to begin with, by their number in the name space of `pidns`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u8);
} asked SEC(".maps");

struct connection {
	__u64 established;
	__u64 listener_ready;
	__u64 data_ready;       /* unread data since; 0 none */
	__u64 accepted;
	struct receipt receipt; /* the acceptor's */
	__u32 acceptor;
	__u32 last;             /* thread that touched it last */
	bool read;              /* once or more */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);     /* struct sock */
	__type(value, struct connection);
} connections SEC(".maps");

/* Ports that followed processes listen on: those that user space could see, and
 * those that something was accepted on. */
__u8 ports[65536];

/* Epoll instances that hold a listener, for something was accepted after a wait
 * on them: only such a wait is a watch for events. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);     /* struct file */
	__type(value, __u8);
} listening_sets SEC(".maps");

/* The connection that has just come into being on this CPU: its listener's
 * readiness follows in the same soft interrupt. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} newborn SEC(".maps");

/* Threads on watch, waiting for events; and the gap in which there are none. */
struct watch {
	__s64 on;
	__u64 gap_began;
	__u32 giver;
} watch;

static __always_inline bool concerns(__u32 tgid)
{
	return recording && followed[tgid & (BITS - 1)];
}

static __always_inline struct thread *state_of(struct task_struct *task)
{
	struct thread *t = bpf_task_storage_get(&threads, task, 0, 0);
	__u32 tgid;

	if (t)
		return t;
	/* Of a process that only shares a bit, or one that escaped us? */
	tgid = task->tgid;
	if (bpf_map_lookup_elem(&processes, &tgid))
		COUNT(dropped_threads, 1);
	return 0;
}

static __always_inline __u32 placement_of(struct sleep *s)
{
	return s->waker_cpu == s->cpu ? SAME_CPU : CROSS_CPU;
}

/* Go one stage further: from *at to the stamp, if that is later. What lies
 * before the beginning takes no time, so that the stages add up to the total. */
static __always_inline void upto(__u64 *at, __u64 stamp, __u32 stage, __u32 placement)
{
	if (stamp > *at) {
		observe(stage, placement, stamp - *at);
		*at = stamp;
	}
}

#define EMIT(type, kind_, body)                                                 \
	do {                                                                    \
		struct type *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);     \
		if (!r) {                                                       \
			COUNT(lost, 1);                                         \
			break;                                                  \
		}                                                               \
		r->kind = kind_;                                                \
		body;                                                           \
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);                        \
	} while (0)

/* ---- system calls */

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

static __always_inline void handed_off(__u32 group, struct thread *t, __u32 tid)
{
	struct grant *g = &t->grant;
	__u32 place = placement_of(&g->sleep);
	__u64 at = g->sleep.call;

	observe(group, place, g->ret - at);
	upto(&at, g->sleep.waking, group + ITEM_WAKE_WAKING - ITEM_TOTAL, place);
	upto(&at, g->sleep.wakeup, group + ITEM_WAKING_WAKEUP - ITEM_TOTAL, place);
	upto(&at, g->sleep.run, group + ITEM_WAKEUP_SWITCH - ITEM_TOTAL, place);
	upto(&at, g->ret, group + ITEM_SWITCH_RETURN - ITEM_TOTAL, place);
	g->open = false;
	if (want_requests)
		EMIT(record_handoff, RECORD_HANDOFF, {
			r->tid = tid;
			r->ts = g->ret;
			r->sleep = g->sleep;
			r->receipt_ret = g->receipt.ret;
			r->lead = group == LEAD_TOTAL;
			r->padding = 0;
		});
}

/* The gap ends: t goes on watch. */
static __always_inline void close_gap(struct thread *t, __u32 tid, __u64 now)
{
	__u64 at = watch.gap_began, began = at;
	__u32 giver = watch.giver, how, place;
	struct grant *g = &t->grant;

	watch.gap_began = 0;
	if (now <= at)
		return;
	if (giver == tid) {
		how = RETOOK_TOTAL;
		observe(how, NO_WAKE, now - at);
		if (t->wake_exit > at) {
			upto(&at, t->wake_enter, RETOOK_RETURN_WAKE, NO_WAKE);
			upto(&at, t->wake_exit, RETOOK_WAKE_WOKE, NO_WAKE);
			upto(&at, now, RETOOK_WOKE_ARM, NO_WAKE);
		} else {
			upto(&at, now, RETOOK_RETURN_ARM, NO_WAKE);
		}
	} else if (g->ret && g->sleep.waker == giver && g->sleep.call >= at) {
		how = PASSED_TOTAL;
		place = placement_of(&g->sleep);
		observe(how, place, now - at);
		upto(&at, g->sleep.call, PASSED_RETURN_WAKE, place);
		upto(&at, g->sleep.waking, PASSED_WAKE_WAKING, place);
		upto(&at, g->sleep.wakeup, PASSED_WAKING_WAKEUP, place);
		upto(&at, g->sleep.run, PASSED_WAKEUP_SWITCH, place);
		upto(&at, g->ret, PASSED_SWITCH_RETURN, place);
		upto(&at, now, PASSED_RETURN_ARM, place);
	} else {
		how = JOINED_TOTAL;
		observe(how, NO_WAKE, now - at);
	}
	if (want_requests)
		EMIT(record_gap, RECORD_GAP, {
			r->tid = tid;
			r->ts = now;
			r->began = began;
			r->giver = giver;
			r->how = how;
		});
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

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct task_struct *task;
	struct thread *t;
	__u32 call = call_of(id), tid;
	__u64 now;

	if (call == CALL_NONE)
		return 0;
	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	t = state_of(task);
	if (!t)
		return 0;
	if (call == CALL_FUTEX)
		call = futex_call(argument(regs, 1));
	now = bpf_ktime_get_ns();
	tid = task->pid;
	t->call = call;
	t->enter = now;
	COUNT(events, 1);
	switch (call) {
	case CALL_READ:
		t->fd = argument(regs, 0);
		return 0;
	case CALL_FUTEX_WAIT:
		if (!t->grant.open)
			return 0;
		if (t->member) {
			COUNT(wakes_wasted, 1);
			t->grant.open = false;
		} else {
			COUNT(handoffs_bare, 1);
			handed_off(BARE_TOTAL, t, tid);
		}
		return 0;
	case CALL_POLL:
		t->polls = true;
		t->set = (__u64)file_of(task, argument(regs, 0));
		if ((__s32)argument(regs, 3) == 0 || /* a look, not a wait */
		    !bpf_map_lookup_elem(&listening_sets, &t->set))
			return 0;
		break;
	case CALL_ACCEPT:
		if (t->polls)
			return 0;
		break;
	default:
		return 0;
	}
	t->arms = true;
	t->member = true;
	t->stopped_on_watch = false;
	__sync_fetch_and_add(&watch.on, 1);
	if (watch.gap_began)
		close_gap(t, tid, now);
	if (t->grant.open) {
		COUNT(handoffs_lead, 1);
		handed_off(LEAD_TOTAL, t, tid);
	}
	return 0;
}

static __always_inline void accepted(struct thread *t, struct task_struct *task, __s64 fd, __u64 now)
{
	struct sock *sk = sock_of(task, fd);
	struct connection *c, fresh;
	__u64 key = (__u64)sk;
	__u32 tid = task->pid;
	__u8 yes = 1;

	if (!sk)
		return;
	COUNT(connections, 1);
	if (!t->receipt.sleep.off)
		COUNT(accepts_at_once, 1);
	ports[BPF_CORE_READ(sk, __sk_common.skc_num)] = 1;
	if (t->polls)
		bpf_map_update_elem(&listening_sets, &t->set, &yes, BPF_ANY);
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
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		COUNT(dropped_connections, 1);
}

/* An event has been received: what the thread got. */
static __always_inline void received(struct thread *t, __u32 tid, __u64 now, bool slept)
{
	struct receipt *r = &t->receipt;

	r->enter = t->enter;
	if (slept)
		r->sleep = t->sleep;
	else
		__builtin_memset(&r->sleep, 0, sizeof(r->sleep));
	r->ret = now;
	r->by = tid;
	r->polled = t->call == CALL_POLL;
}

static __always_inline int data_read(struct task_struct *task, __u64 key, __s64 n, bool peek, bool closed, __u64 now);

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct task_struct *task;
	struct thread *t;
	__u32 call = call_of(number_of(regs)), tid;
	bool slept, event, closed;
	struct sock *sk;
	__u64 now;

	if (call == CALL_NONE)
		return 0;
	task = bpf_get_current_task_btf();
	if (!concerns(task->tgid))
		return 0;
	t = state_of(task);
	if (!t)
		return 0;
	call = t->call;
	if (call == CALL_NONE)
		return 0;
	now = bpf_ktime_get_ns();
	tid = task->pid;
	slept = t->sleep.off >= t->enter && t->sleep.run;
	switch (call) {
	case CALL_READ:
		sk = sock_of(task, t->fd);
		if (sk) {
			closed = BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE;
			if (closed || ports[BPF_CORE_READ(sk, __sk_common.skc_num)])
				data_read(task, (__u64)sk, result, false, closed, now);
		}
		t->call = CALL_NONE;
		return 0;
	case CALL_FUTEX_WAKE:
		t->wake_enter = t->enter;
		t->wake_exit = now;
		COUNT(wake_calls, 1);
		if (result > 0) {
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
				r->woken = result;
			});
		t->call = CALL_NONE;
		return 0;
	case CALL_FUTEX_WAIT:
		if (!slept)
			break;
		if (result == 0 && t->sleep.call) {
			t->grant.sleep = t->sleep;
			t->grant.receipt = t->sleep_receipt;
			t->grant.ret = now;
			t->grant.open = true;
		} else {
			COUNT(wakes_other, 1);
		}
		break;
	default: /* CALL_ACCEPT, CALL_POLL */
		event = call == CALL_POLL ? result > 0 : result >= 0;
		if (event && (call == CALL_POLL || t->arms))
			received(t, tid, now, slept);
		if (t->arms) {
			t->arms = false;
			/* Nobody is on watch any more: a gap begins. */
			if (__sync_fetch_and_add(&watch.on, -1) <= 1 && event) {
				watch.giver = tid;
				watch.gap_began = now;
			}
		}
		if (event && call == CALL_POLL)
			COUNT(polls, 1);
		if (event && call == CALL_ACCEPT)
			accepted(t, task, result, now);
	}
	if (want_calls)
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
			r->padding = 0;
		});
	t->call = CALL_NONE;
	return 0;
}

/* ---- the scheduler */

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
	COUNT(events, 1);
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
	/* This runs in the waker. */
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

static __always_inline int woken(struct task_struct *p)
{
	struct thread *t;

	if (!concerns(p->tgid))
		return 0;
	t = state_of(p);
	if (t && t->sleep.waking && !t->sleep.wakeup)
		t->sleep.wakeup = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup, struct task_struct *p)
{
	return woken(p);
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
		COUNT(events, 1);
		if (want_calls && t->run)
			EMIT(record_run, RECORD_RUN, {
				r->tid = prev->pid;
				r->ts = now;
				r->from = t->run;
				r->cpu = cpu;
				r->state = preempt ? 0 : prev_state;
			});
		if (prev_state && !preempt) {
			COUNT(switches_voluntary, 1);
			__builtin_memset(&t->sleep, 0, sizeof(t->sleep));
			t->sleep.off = now;
			if (t->arms && !t->stopped_on_watch) {
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
		COUNT(events, 1);
		t->run = now;
		if (t->sleep.waking && !t->sleep.run) {
			t->sleep.run = now;
			t->sleep.cpu = cpu;
		}
		if (t->cpu != cpu + 1) {
			if (t->cpu)
				COUNT(migrations, 1);
			t->cpu = cpu + 1;
		}
	}
	return 0;
}

/* ---- connections */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int oldstate, int newstate)
{
	struct connection fresh;
	__u64 key = (__u64)sk;
	__u32 zero = 0;
	__u64 *last;

	if (!recording || !ports[sk->__sk_common.skc_num])
		return 0;
	if (newstate == TCP_CLOSE) {
		bpf_map_delete_elem(&connections, &key);
		return 0;
	}
	if (oldstate != TCP_SYN_RECV || newstate != TCP_ESTABLISHED)
		return 0;
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.established = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY)) {
		COUNT(dropped_connections, 1);
		return 0;
	}
	last = bpf_map_lookup_elem(&newborn, &zero);
	if (last)
		*last = key;
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(data_ready, struct sock *sk)
{
	struct connection *c;
	__u64 key = (__u64)sk;
	__u32 zero = 0;
	__u64 *last;

	if (!recording || !ports[sk->__sk_common.skc_num])
		return 0;
	if (sk->__sk_common.skc_state == TCP_LISTEN) {
		last = bpf_map_lookup_elem(&newborn, &zero);
		if (!last || !*last)
			return 0;
		c = bpf_map_lookup_elem(&connections, last);
		*last = 0;
		if (c && !c->listener_ready)
			c->listener_ready = bpf_ktime_get_ns();
		return 0;
	}
	c = bpf_map_lookup_elem(&connections, &key);
	if (c && !c->data_ready)
		c->data_ready = bpf_ktime_get_ns();
	return 0;
}

/* The stages of the wait that received the event. */
static __always_inline void follow_receipt(struct receipt *r, __u64 *at, __u32 group, __u32 *place)
{
	if (r->sleep.off) {
		*place = placement_of(&r->sleep);
		upto(at, r->sleep.waking, group + FIRST_READY_WAKING - FIRST_TOTAL, *place);
		upto(at, r->sleep.wakeup, group + FIRST_WAKING_WAKEUP - FIRST_TOTAL, *place);
		upto(at, r->sleep.run, group + FIRST_WAKEUP_SWITCH - FIRST_TOTAL, *place);
		upto(at, r->ret, group + FIRST_SWITCH_RETURN - FIRST_TOTAL, *place);
	} else {
		upto(at, r->enter, group + FIRST_READY_ARM - FIRST_TOTAL, *place);
		upto(at, r->ret, group + FIRST_ARM_RETURN - FIRST_TOTAL, *place);
	}
}

static __always_inline void follow_pass(struct grant *g, __u64 *at, __u32 group, __u32 *place)
{
	*place = placement_of(&g->sleep);
	upto(at, g->sleep.call, group + FIRST_RETURN_WAKE - FIRST_TOTAL, *place);
	upto(at, g->sleep.waking, group + FIRST_WAKE_WAKING - FIRST_TOTAL, *place);
	upto(at, g->sleep.wakeup, group + FIRST_PASS_WAKING_WAKEUP - FIRST_TOTAL, *place);
	upto(at, g->sleep.run, group + FIRST_PASS_WAKEUP_SWITCH - FIRST_TOTAL, *place);
	upto(at, g->ret, group + FIRST_PASS_SWITCH_RETURN - FIRST_TOTAL, *place);
}

/* A woken thread handles a connection that another one handled before. */
static __always_inline void put_to_use(struct thread *t, __u32 tid)
{
	if (!t->grant.open)
		return;
	COUNT(handoffs_item, 1);
	handed_off(ITEM_TOTAL, t, tid);
}

/* A thread has read n bytes of a socket. With the data's readiness known, this
 * is where D ends: go through its stages, from the readiness on. */
static __always_inline int data_read(struct task_struct *task, __u64 key, __s64 n, bool peek, bool closed, __u64 now)
{
	struct thread *t = state_of(task);
	struct connection *c;
	__u32 group, place = NO_WAKE, tid = task->pid;
	struct receipt *receipt = 0;
	struct grant *pass = 0;
	bool first, moved, asleep = false;
	__u64 from, at, ready;

	if (!t)
		return 0;
	c = bpf_map_lookup_elem(&connections, &key);
	if (!c) {
		/* Closed by its peer, so that the table has forgotten it: somebody
		 * was woken to end it. Or else it is older than the probe: know it
		 * from now on. */
		struct connection old = {.accepted = now, .acceptor = tid, .last = tid, .read = true};
		if (closed)
			put_to_use(t, tid);
		else if (key && bpf_map_update_elem(&connections, &key, &old, BPF_NOEXIST))
			COUNT(dropped_connections, 1);
		return 0;
	}
	t->member = true;
	moved = c->last != tid;
	COUNT(moves, moved);
	if (moved)
		put_to_use(t, tid);
	c->last = tid;
	if (n <= 0 || peek)
		return 0;

	first = !c->read;
	c->read = true;
	ready = c->data_ready;
	c->data_ready = 0;
	from = ready;
	if (first) {
		if (c->listener_ready > from)
			from = c->listener_ready;
		else if (c->established > from)
			from = c->established;
	}
	if (!from || from > now)
		return 0;
	group = first ? FIRST_TOTAL : KEPT_TOTAL;
	COUNT(requests, 1);

	if (t->grant.ret && (first ? t->grant.receipt.ret == c->receipt.ret && t->grant.receipt.by == c->acceptor
				   : t->grant.receipt.polled && t->grant.receipt.ret >= from)) {
		pass = &t->grant;
		receipt = &t->grant.receipt;
		COUNT(requests_passed, 1);
	} else if (first) {
		receipt = &c->receipt;
	} else if (t->receipt.polled && t->receipt.ret >= from) {
		receipt = &t->receipt;
	}

	at = from;
	if (receipt)
		follow_receipt(receipt, &at, group, &place);
	if (first && c->receipt.polled)
		upto(&at, c->accepted, group + FIRST_RETURN_ACCEPT - FIRST_TOTAL, place);
	if (pass) {
		follow_pass(pass, &at, group, &place);
	} else if (moved && (first || !receipt)) {
		COUNT(requests_queued, 1);
		place = NO_WAKE;
		upto(&at, now, group + FIRST_RETURN_QUEUED - FIRST_TOTAL, place);
	}
	if (!pass && t->wake_enter >= at && t->wake_exit > at && c->acceptor == tid) {
		upto(&at, t->wake_enter, group + FIRST_RETURN_PROMOTE - FIRST_TOTAL, place);
		upto(&at, t->wake_exit, group + FIRST_PROMOTE_CALL - FIRST_TOTAL, place);
	}
	if (t->sleep.waking > at) {
		asleep = true;
		place = placement_of(&t->sleep);
		upto(&at, t->sleep.waking, group + FIRST_READ_WAKING - FIRST_TOTAL, place);
		upto(&at, t->sleep.wakeup, group + FIRST_READ_WAKEUP - FIRST_TOTAL, place);
		upto(&at, t->sleep.run, group + FIRST_READ_SWITCH - FIRST_TOTAL, place);
	}
	upto(&at, now, group + FIRST_RETURN_READ - FIRST_TOTAL, place);
	observe(group, place, now - from);

	if (want_requests)
		EMIT(record_request, RECORD_REQUEST, {
			r->tid = tid;
			r->ts = now;
			r->sock = key;
			r->established = c->established;
			r->listener_ready = c->listener_ready;
			r->data_ready = ready;
			r->accepted = c->accepted;
			r->acceptor = c->acceptor;
			r->first = first;
			r->from = from;
			if (receipt)
				r->receipt = *receipt;
			else
				__builtin_memset(&r->receipt, 0, sizeof(r->receipt));
			if (pass) {
				r->pass = pass->sleep;
				r->pass_ret = pass->ret;
			} else {
				__builtin_memset(&r->pass, 0, sizeof(r->pass));
				r->pass_ret = 0;
			}
			if (asleep)
				r->read = t->sleep;
			else
				__builtin_memset(&r->read, 0, sizeof(r->read));
		});
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(received_data, struct sock *sk, int n, int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool closed = sk->__sk_common.skc_state == TCP_CLOSE; /* it has no port any more */

	if (!concerns(task->tgid) || (!closed && !ports[sk->__sk_common.skc_num]))
		return 0;
	return data_read(task, (__u64)sk, n, flags & MSG_PEEK, closed, bpf_ktime_get_ns());
}

/* ---- who is followed */

static __always_inline void follow(struct task_struct *task)
{
	struct thread *t;

	t = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t)
		COUNT(dropped_threads, 1);
	else
		COUNT(threads, 1);
}

static __always_inline void follow_process(__u32 tgid)
{
	__u8 yes = 1;

	if (bpf_map_update_elem(&processes, &tgid, &yes, BPF_ANY))
		COUNT(dropped_processes, 1);
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
	if (t && t->arms) {
		t->arms = false;
		__sync_fetch_and_add(&watch.on, -1);
	}
	return 0;
}

/* The number of a task's process in the name space of `pidns`; 0 if it has
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

/* Runs over all threads of the machine and follows those that belong to what
 * was asked for. A parent comes before its children in most cases; running it
 * again until nothing is added finds the others. */
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
	/* A thread that waits already. */
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

/* Does nothing: what its runs are said to take is the meter's own time. */
SEC("tp_btf/sys_enter")
int BPF_PROG(nothing, struct pt_regs *regs, long id)
{
	return 0;
}

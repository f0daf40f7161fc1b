/* The records in the ring buffer, if single events are wanted. Each
 * record begins with its kind and the time of its last stamp. All times are
 * nanoseconds of CLOCK_MONOTONIC; 0 is a stamp that was not taken. */
#ifndef LFLAB_RECORDS_H
#define LFLAB_RECORDS_H

#include "kernel.h"

enum record_kind {
	RECORD_REQUEST = 1, /* a connection's data was read */
	RECORD_HANDOFF,     /* a woken thread used its wake-up */
	RECORD_GAP,         /* a gap has ended */
	RECORD_WAIT,        /* a thread returned from a wait */
	RECORD_WAKE,        /* a thread returned from a call that wakes */
	RECORD_RUN,         /* a thread left a CPU */
};
const enum record_kind *unused_record_kind __attribute__((unused));

/* The mechanism by which one thread wakes another. */
enum kind {
	KIND_UNKNOWN,
	KIND_FUTEX,
	KIND_EVENTFD,
	KIND_PIPE,
	KIND_SOCKET,
	KIND_SIGNAL,
	KIND_SEMAPHORE, /* semop */
	KIND_QUEUE,     /* a message queue, of POSIX or System V */
	KIND_EPOLL,     /* a change of an epoll set, or another thread's wait on it */
	KIND_URING,
	KIND_LOCK,      /* a file lock */
	KIND_CLOSE,     /* the end of a file */
	KIND_EXIT,      /* the end of a thread or process */
	KINDS
};
const enum kind *unused_kind __attribute__((unused));

/* One sleep of a thread, and its end. */
struct sleep {
	__u64 off;      /* when it left the CPU */
	__u64 waking;   /* when the waker chose it */
	__u64 wakeup;   /* when it was on a run queue */
	__u64 run;      /* when it was on a CPU */
	__u64 call;     /* when the waker entered its system call; 0: no followed thread woke it */
	__u32 waker;    /* thread ID, valid with call as the rest is */
	__u16 waker_cpu;
	__u16 cpu;
	__u16 by;       /* number of the waker's system call; COMPAT marks one of 32 bits */
	__u16 in;       /* and of the one that the thread slept in; 0xffff: in none */
	__u32 kind;     /* enum kind */
};

/* One wait for events, from its call to its return. */
struct receipt {
	__u64 enter;
	struct sleep sleep; /* off is 0 if the call returned at once */
	__u64 ret;
	__u64 set;          /* if polled: what the wait was on */
	__u32 by;           /* thread ID */
	__u32 polled;       /* 1: a wait on several files, 0: accept */
};

struct record_request {
	__u32 kind;
	__u32 tid;              /* of the reader */
	__u64 ts;               /* when the read ended */
	__u64 sock;
	__u64 established;
	__u64 listener_ready;
	__u64 data_ready;
	__u64 accepted;
	__u32 acceptor;
	__u32 first;            /* 1: the first of its connection */
	__u64 from;             /* when D begins */
	struct receipt receipt; /* of the event; ret is 0 if there was none */
	struct sleep pass;      /* the reader's wake-up by a hand-off; waking is 0 if there was none */
	__u64 pass_ret;
	struct sleep read;      /* the sleep within the read; waking is 0 if there was none */
	__u64 wake_enter;       /* the reader's last wake call */
	__u64 wake_exit;
	__u32 moved;            /* 1: another thread used the connection last; 2: and the reader slept since the data was ready */
	__u32 receipt_polled;   /* 1: the acceptor got the connection from an epoll set */
};

struct record_handoff {
	__u32 kind;
	__u32 tid;          /* the woken thread */
	__u64 ts;           /* when the call that it slept in returned */
	struct sleep sleep;
	__u64 receipt_ret;  /* of the event that the waker had received */
	__u32 group;        /* a stage: ITEM_TOTAL, LEAD_TOTAL or BARE_TOTAL */
	__u32 padding;
};

struct record_gap {
	__u32 kind;
	__u32 tid;          /* the next thread that waits for events */
	__u64 ts;           /* when it enters the wait */
	__u64 began;        /* when the event was received */
	__u32 giver;
	__u32 how;          /* a stage: PASSED_TOTAL, RETOOK_TOTAL or JOINED_TOTAL */
	struct sleep pass;  /* with PASSED: how the next thread was woken */
	__u64 pass_ret;
	__u64 wake_enter;   /* with RETOOK: the giver's last wake call */
	__u64 wake_exit;
};

struct record_wait {
	__u32 kind;
	__u32 tid;
	__u64 ts;
	__u64 enter;
	struct sleep sleep;
	__s64 result;
	__u32 call;         /* enum call */
	__u32 number;       /* of the system call */
};

struct record_wake {
	__u32 kind;
	__u32 tid;
	__u64 ts;
	__u64 enter;
	__s64 woken;
	__u32 number;       /* of the system call */
	__u32 padding;
};

struct record_run {
	__u32 kind;
	__u32 tid;
	__u64 ts;
	__u64 from;         /* 0: the switch to it was not seen */
	__u64 armed;        /* when it entered the wait for events in which it first blocks here; 0: none */
	__u64 waking;       /* when it was chosen, if it slept before; else 0 */
	__u32 cpu;
	__u32 waker_cpu;    /* valid with waking */
	__u32 state;        /* 0: it was still runnable */
	__u32 padding;
};

const struct record_request *unused_request __attribute__((unused));
const struct record_handoff *unused_handoff __attribute__((unused));
const struct record_gap *unused_gap __attribute__((unused));
const struct record_wait *unused_wait __attribute__((unused));
const struct record_wake *unused_wake __attribute__((unused));
const struct record_run *unused_run __attribute__((unused));

#endif

/* The stages. There is one histogram for each stage and placement. Go reads the
 * same numbers from the generated constants; ../stage.go names them. */
#ifndef LFLAB_STAGES_H
#define LFLAB_STAGES_H

/* Dispatch latency D has the same stages for the first request of a connection
 * and for later ones (kept). A stage's number is the group's first number plus
 * one of these. */
#define DISPATCH_STAGES(G)                                                      \
	G##_TOTAL,          /* data ready - read */                             \
	G##_READY_WAKING,   /* a thread slept in accept or epoll_wait */        \
	G##_WAKING_WAKEUP,                                                      \
	G##_WAKEUP_SWITCH,                                                      \
	G##_SWITCH_RETURN,                                                      \
	G##_READY_ARM,      /* no thread waited: until the acceptor came */     \
	G##_ARM_RETURN,                                                         \
	G##_RETURN_ACCEPT,  /* epoll_wait's return - accept's */                \
	G##_RETURN_WAKE,    /* the event's return - the call that wakes the reader */ \
	G##_PASS_WAKE_WAKING, /* the stages of a hand-off that this request waited for */ \
	G##_PASS_WAKING_WAKEUP,                                                 \
	G##_PASS_WAKEUP_SWITCH,                                                 \
	G##_PASS_SWITCH_RETURN,                                                 \
	G##_RETURN_QUEUED,  /* moved to a thread that did not sleep */          \
	G##_RETURN_PROMOTE, /* the reader woke the next thread before it read */ \
	G##_PROMOTE_CALL,   /* that wake call */                                \
	G##_READ_WAKING,    /* the reader slept in the read itself */           \
	G##_READ_WAKEUP,                                                        \
	G##_READ_SWITCH,                                                        \
	G##_RETURN_READ     /* the last stamp - the read's end */

#define HANDOFF_STAGES(G)                                                       \
	G##_TOTAL,          /* the waker's futex call - the woken thread's return */ \
	G##_WAKE_WAKING,                                                        \
	G##_WAKING_WAKEUP,                                                      \
	G##_WAKEUP_SWITCH,                                                      \
	G##_SWITCH_RETURN

enum stage {
	DISPATCH_STAGES(FIRST),
	DISPATCH_STAGES(KEPT),
	HANDOFF_STAGES(ITEM),   /* the woken thread read a connection */
	HANDOFF_STAGES(LEAD),   /* the woken thread waited for events next */
	HANDOFF_STAGES(BARE),   /* the woken thread has no part in serving */
	/* The gap between an event's receipt and the next thread that waits, when
	 * that thread was woken by the receiver (PASSED), is the receiver itself
	 * (RETOOK), or came without being woken (JOINED). */
	PASSED_TOTAL,
	PASSED_RETURN_WAKE,
	PASSED_WAKE_WAKING,
	PASSED_WAKING_WAKEUP,
	PASSED_WAKEUP_SWITCH,
	PASSED_SWITCH_RETURN,
	PASSED_RETURN_ARM,
	RETOOK_TOTAL,
	RETOOK_RETURN_WAKE,
	RETOOK_WAKE_WOKE,
	RETOOK_WOKE_ARM,
	RETOOK_RETURN_ARM,      /* no wake call in between */
	JOINED_TOTAL,
	ARM_BLOCK,              /* entry of accept or epoll_wait - off the CPU in it */
	WAKE_WOKE,              /* a futex wake call that woke a thread: entry - return */
	WAKE_ELIDED,            /* a futex wake call that found no sleeper */
	WAKING_SWITCH,          /* every wake-up of a followed thread, whatever its cause: chosen - on a CPU */
	STAGES
};

/* Where the woken thread ran, relative to its waker. */
enum placement {
	SAME_CPU,
	CROSS_CPU,
	NO_WAKE,                /* no thread was woken before this stage */
	PLACEMENTS
};

/* Keep the enumerations in the object's BTF. */
const enum stage *unused_stage __attribute__((unused));
const enum placement *unused_placement __attribute__((unused));

#endif

/* Hand-offs and gaps: their stages, recorded when the use of a wake-up is known. */
#ifndef LFLAB_HANDOFF_H
#define LFLAB_HANDOFF_H

#include "state.h"

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
	t->relay.open = false;
	if (want_requests)
		EMIT(record_handoff, RECORD_HANDOFF, {
			r->tid = tid;
			r->ts = g->ret;
			r->sleep = g->sleep;
			r->receipt_ret = g->receipt.ret;
			r->group = group;
			r->padding = 0;
		});
}

/* Where a thread sleeps: words next to each other, as those of a condition
 * variable, are one place. */
static __always_inline __u64 place_of(struct thread *t)
{
	return t->object >> 3 ^ (__u64)t->number << 48;
}

/* The thread has no part in serving: the wake-up was a hand-off as such. */
static __always_inline void settle_bare(struct thread *t, __u32 tid)
{
	COUNT(handoffs_bare, 1);
	handed_off(BARE_TOTAL, t, tid);
}

/* The thread is about to wait, and not for events. If it waits for the same as
 * before, it has not used the wake-up. If it waits for something else, this may
 * be a lock on the way to the use. */
static __always_inline void waits_again(struct thread *t, __u32 tid)
{
	if (!t->grant.open)
		return;
	if (!t->member) {
		settle_bare(t, tid);
	} else if (t->grant.place == place_of(t)) {
		COUNT(wakes_wasted, 1);
		t->grant.open = false;
	}
}

/* The thread returns from a call in which another one woke it. */
static __always_inline void granted(struct thread *t, __u32 tid, __u64 now)
{
	struct grant *g = &t->grant;

	if (g->open && !t->member) {
		settle_bare(t, tid);
	} else if (g->open && g->place == place_of(t)) {
		/* Whether a read or another wait has brought it something is not known. */
		if (t->call == CALL_FUTEX_WAIT)
			COUNT(wakes_wasted, 1);
	} else if (g->open && g->ret > t->receipt.ret) {
		g = &t->relay; /* else it has received an event since, and that is past */
	}
	g->sleep = t->sleep;
	g->receipt = t->sleep_receipt;
	g->ret = now;
	g->place = place_of(t);
	g->open = true;
	g->spent = false;
}

/* The gap ends: t waits for events. */
static __always_inline void close_gap(struct thread *t, __u32 tid, __u64 now)
{
	__u64 at = watch.gap_began, began = at;
	__u32 giver = watch.giver, how, place;
	struct grant *g = &t->grant;

	if (t->relay.ret > g->ret && !(g->sleep.waker == giver && g->sleep.call >= at))
		g = &t->relay;
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
			r->pass = g->sleep;
			r->pass_ret = g->ret;
			r->wake_enter = t->wake_enter;
			r->wake_exit = t->wake_exit;
		});
}

/* The thread has entered a wait for events. */
static __always_inline void armed(struct thread *t, __u32 tid, __u64 now)
{
	t->arms = true;
	t->member = true;
	__sync_fetch_and_add(&watch.on, 1);
	if (watch.gap_began)
		close_gap(t, tid, now);
	if (!t->grant.open)
		return;
	if (watch.receiver == tid) {
		/* It led already, and waited for something else, such as a lock. */
		COUNT(handoffs_own, 1);
		t->grant.open = t->relay.open = false;
	} else {
		COUNT(handoffs_lead, 1);
		handed_off(LEAD_TOTAL, t, tid);
	}
}

#endif

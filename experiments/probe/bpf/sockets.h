/* Socket events: when data becomes ready, and the stages from there to its read,
 * the dispatch latency. */
#ifndef LFLAB_SOCKETS_H
#define LFLAB_SOCKETS_H

#include "handoff.h"

/* Whether a followed process may serve the socket. A closed one has no port. */
static __always_inline bool ours(struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u64 key = (__u64)sk;

	switch (family) {
	case AF_UNIX:
		return unix_served && bpf_map_lookup_elem(&connections, &key);
	case AF_INET:
	case AF_INET6:
		return ports[BPF_CORE_READ(sk, __sk_common.skc_num)] || BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE;
	}
	return false;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(set_state, struct sock *sk, int oldstate, int newstate)
{
	struct connection fresh;
	__u64 key = (__u64)sk;
	__u32 zero = 0;
	struct arrival *a;

	if (!ports[sk->__sk_common.skc_num])
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
		SHARE(dropped_connections, 1);
		return 0;
	}
	a = bpf_map_lookup_elem(&arrivals, &zero);
	if (a)
		a->newborn = key;
	return 0;
}

/* A Unix-domain socket has data, or a listener has a connection: the last in its
 * queue. */
static __always_inline int unix_ready(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct connection *c, fresh;

	if (sk->__sk_common.skc_state != TCP_LISTEN) {
		c = bpf_map_lookup_elem(&connections, &key);
		if (c && !c->data_ready)
			c->data_ready = bpf_ktime_get_ns();
		return 0;
	}
	if (!bpf_map_lookup_elem(&unix_listeners, &key))
		return 0;
	key = (__u64)BPF_CORE_READ(sk, sk_receive_queue.prev, sk);
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.established = fresh.listener_ready = bpf_ktime_get_ns();
	ring_bell(fresh.established);
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		SHARE(dropped_connections, 1);
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(data_ready, struct sock *sk)
{
	struct connection *c;
	__u64 key = (__u64)sk, now;
	struct arrival *a;

	if (sk->__sk_common.skc_family == AF_UNIX)
		return unix_served ? unix_ready(sk) : 0;
	if (!ports[sk->__sk_common.skc_num])
		return 0;
	if (sk->__sk_common.skc_state == TCP_LISTEN) {
		now = bpf_ktime_get_ns();
		a = ring_bell(now);
		if (!a || !a->newborn)
			return 0;
		c = bpf_map_lookup_elem(&connections, &a->newborn);
		a->newborn = 0;
		if (c && !c->listener_ready)
			c->listener_ready = now;
		return 0;
	}
	ring_bell(0);
	c = bpf_map_lookup_elem(&connections, &key);
	if (c && !c->data_ready)
		c->data_ready = bpf_ktime_get_ns();
	return 0;
}

/* Observe the stages of the wait that received the event. */
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
	upto(at, g->sleep.waking, group + FIRST_PASS_WAKE_WAKING - FIRST_TOTAL, *place);
	upto(at, g->sleep.wakeup, group + FIRST_PASS_WAKING_WAKEUP - FIRST_TOTAL, *place);
	upto(at, g->sleep.run, group + FIRST_PASS_WAKEUP_SWITCH - FIRST_TOTAL, *place);
	upto(at, g->ret, group + FIRST_PASS_SWITCH_RETURN - FIRST_TOTAL, *place);
}

/* A woken thread handles a connection: its wake-up was a hand-off. */
static __always_inline void put_to_use(struct thread *t, __u32 tid)
{
	if (!t->grant.open)
		return; /* nor is a later one open */
	COUNT(handoffs_item, 1);
	handed_off(ITEM_TOTAL, t, tid);
}

/* The thread was woken for this request: its waker had received the connection, or
 * an event after the data was ready. */
static __always_inline bool for_this(struct grant *g, struct connection *c, bool first, __u64 from)
{
	if (!g->ret || g->spent)
		return false;
	if (first && g->receipt.ret == c->receipt.ret && g->receipt.by == c->acceptor)
		return true;
	return g->receipt.polled && g->receipt.ret >= from;
}

/* Nobody was seen to accept the connection, as if a ring has done so. Whoever
 * waited on a ring when it came has received it: the reader, or its waker. */
static __always_inline void accepted_unseen(struct thread *t, struct connection *c, __u32 tid, __u64 now)
{
	struct receipt *r = &t->receipt;

	COUNT(connections, 1);
	COUNT(accepts_unseen, 1);
	if (t->grant.ret && t->grant.receipt.polled && t->grant.receipt.ret > r->ret)
		r = &t->grant.receipt;
	c->accepted = now;
	c->acceptor = c->last = tid;
	if (!r->polled || !c->established || r->ret < c->established)
		return;
	c->receipt = *r;
	c->accepted = r->ret;
	c->acceptor = c->last = r->by;
	learn(r->set);
}

/* A thread has read n bytes of a socket. If it is known when the data became
 * ready, D ends here: observe its stages. */
static __always_inline int data_read(struct task_struct *task, __u64 key, __s64 n, bool peek, bool closed, __u64 now)
{
	struct thread *t = state_of(task);
	struct connection *c;
	__u32 group, place = NO_WAKE, tid = task->pid;
	struct receipt *receipt = 0;
	struct grant *pass = 0;
	bool first, moved, slept, asleep = false;
	__u64 from, at, ready;

	if (!t)
		return 0;
	c = bpf_map_lookup_elem(&connections, &key);
	if (!c) {
		/* Either its peer has closed it and the table has dropped it: then
		 * the thread was woken to close it. Or it is older than the probe:
		 * track it from now on. */
		struct connection old = {.accepted = now, .acceptor = tid, .last = tid, .read = true, .answered = true};
		if (closed)
			put_to_use(t, tid);
		else if (key && bpf_map_update_elem(&connections, &key, &old, BPF_NOEXIST))
			SHARE(dropped_connections, 1);
		return 0;
	}
	t->member = true;
	if (!c->accepted)
		accepted_unseen(t, c, tid, now);
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
	if (!first && answers && !c->answered)
		return 0; /* more of the same request */
	c->answered = false;
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

	if (for_this(&t->grant, c, first, from))
		pass = &t->grant;
	else if (t->relay.ret > t->grant.ret && for_this(&t->relay, c, first, from))
		pass = &t->relay;
	if (pass) {
		pass->spent = true;
		receipt = &pass->receipt;
		COUNT(requests_passed, 1);
		put_to_use(t, tid); /* though it may have had this connection before */
	} else if (t->receipt.polled && t->receipt.ret >= from && (!first || t->receipt.ret > c->receipt.ret)) {
		receipt = &t->receipt;
	} else if (first) {
		receipt = &c->receipt;
	}
	slept = t->sleep.run > from && t->sleep.run > c->accepted && t->sleep.off < t->enter; /* before the call that reads */

	at = from;
	if (receipt)
		follow_receipt(receipt, &at, group, &place);
	if (first && c->receipt.polled)
		upto(&at, c->accepted, group + FIRST_RETURN_ACCEPT - FIRST_TOTAL, place);
	if (pass) {
		follow_pass(pass, &at, group, &place);
	} else if (moved && slept) {
		COUNT(requests_slept, 1);
	} else if (moved && (first || !receipt)) {
		COUNT(requests_queued, 1);
		place = NO_WAKE;
		upto(&at, now, group + FIRST_RETURN_QUEUED - FIRST_TOTAL, place);
	}
	if (!pass && t->wake_enter >= at && t->wake_exit > at && c->acceptor == tid) {
		upto(&at, t->wake_enter, group + FIRST_RETURN_PROMOTE - FIRST_TOTAL, place);
		upto(&at, t->wake_exit, group + FIRST_PROMOTE_CALL - FIRST_TOTAL, place);
	}
	if (t->sleep.off >= t->enter && t->sleep.waking > at) { /* within the call that reads */
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
			r->wake_enter = t->wake_enter;
			r->wake_exit = t->wake_exit;
			r->moved = moved ? 1 + slept : 0;
			r->receipt_polled = c->receipt.polled;
		});
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(received_data, struct sock *sk, int n, int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!concerns(task->tgid) || !ours(sk))
		return 0;
	return data_read(task, (__u64)sk, n, flags & MSG_PEEK, sk->__sk_common.skc_state == TCP_CLOSE, bpf_ktime_get_ns());
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sent_data, struct sock *sk, int n, int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct connection *c;
	__u64 key = (__u64)sk;

	if (!concerns(task->tgid) || !ours(sk))
		return 0;
	c = bpf_map_lookup_elem(&connections, &key);
	if (c)
		c->answered = true;
	return 0;
}

#endif

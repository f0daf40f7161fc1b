package probe

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"lflab/experiments/probe/stage"
)

// UserRecord holds the stamps that a server's thread took of one event, or of a
// further request on a connection. They are nanoseconds of CLOCK_MONOTONIC; 0
// is a stamp that was not taken:
//
//	a1  the socket's own time stamp of the data
//	u0  user code has the event: accept or epoll_wait has returned
//	p0  the hand-off begins: of the leadership to a follower, or of a connection to a worker
//	p1  the hand-off is published
//	p3  the call that wakes the receiver has returned
//	f5  the receiver runs and knows that it leads, or has the connection
//	f6  it is about to wait for events
//	h0  first instruction of the request's handler
//	h1  the handler has returned
type UserRecord struct {
	TID      uint32 // in the initial pid namespace, as everywhere in the probe; 0 if unknown
	Seq      uint64 // of the hand-off: the giver and the receiver of a connection record the same; the next leader records one more than the thread that promoted it
	Promoted bool   // f5 came after a sleep
	A1       uint64
	U0       uint64
	P0       uint64
	P1       uint64
	P3       uint64
	F5       uint64
	F6       uint64
	H0       uint64
	H1       uint64
}

// Residue counts events without a partner on the other side.
type Residue struct {
	KernelRequests uint64 // reads after which the thread read again before a handler began, for example of a part of a head
	UserRequests   uint64 // handlers without a read of their own, for example if the client sends ahead
	KernelHandoffs uint64
	UserHandoffs   uint64 // received after a sleep that, according to the kernel, no futex wake-up ended
	KernelGaps     uint64
}

// Map returns the counts under their names in files.
func (r Residue) Map() map[string]uint64 {
	return map[string]uint64{
		"kernel_requests": r.KernelRequests, "user_requests": r.UserRequests,
		"kernel_handoffs": r.KernelHandoffs, "user_handoffs": r.UserHandoffs, "kernel_gaps": r.KernelGaps,
	}
}

// UserSide is the result of joining the kernel's records and a server's own.
type UserSide struct {
	// Numbers of joined events.
	Requests, Handoffs, Gaps uint64

	// Unmatched events have no partner although both sides were recording. Edge
	// events have none either, but one side began later or ended earlier than
	// the event: the probe, or the log of a thread that the event needs.
	Unmatched, Edge Residue

	// Contradicted counts partners by thread and time whose numbers, which
	// giver and receiver recorded, do not match. No histogram contains them.
	Contradicted uint64

	// Unstamped counts hand-offs from threads that never record giving one, or
	// to threads that never record receiving one, for example of a language's
	// runtime, or to a listener that waited for an idle worker.
	Unstamped uint64

	// Loose counts user records whose thread is unknown.
	Loose uint64

	byStage [len(stage.User)][stage.Placements]Histogram
}

// Join finds the partners of the kernel's records among the records of a
// server's own threads, by thread and time:
//
//   - A request's handler is the first that its reader began after the read and
//     before it read again, unless the reader received another event meanwhile.
//   - A hand-off's receiver is the woken thread's first f5 after its futex call
//     returned and before it returned for the next hand-off. The giver is the
//     waker's record around its futex call (p0 to p3).
//   - A request that was handed over must have both. A gap's event is the first
//     u0 of its receiver within the gap.
//
// r's lists must be in order of time; user may be in any order.
func Join(r *Records, user []UserRecord) *UserSide {
	j := &joiner{side: &UserSide{}, threads: map[uint32]*userThread{}, pairs: map[uint32][]pair{}}
	j.index(user)
	j.span(r)
	requests := byThread(r.Requests, func(q *Request) uint32 { return q.TID })
	handoffs := byThread(r.Handoffs, func(h *Handoff) uint32 { return h.TID })
	for tid, t := range j.threads { // including those without kernel records
		j.joinRequests(t, requests[tid])
		j.joinHandoffs(t, handoffs[tid])
		delete(requests, tid)
		delete(handoffs, tid)
	}
	for _, list := range requests {
		j.side.Unmatched.KernelRequests += uint64(len(list))
	}
	for _, list := range handoffs {
		j.side.Unstamped += uint64(len(list))
	}
	for i := range r.Gaps {
		j.joinGap(&r.Gaps[i])
	}
	return j.side
}

// joiner is the state of a Join.
type joiner struct {
	side    *UserSide
	threads map[uint32]*userThread
	begin   uint64 // first and last time of the kernel's records
	end     uint64
	pairs   map[uint32][]pair // joined hand-offs by receiver, in order of time
}

// userThread holds one thread's records, in one list for each stamp that Join
// searches by, sorted by that stamp.
type userThread struct {
	u0, p0, f5, h0 []*UserRecord
	begin, end     uint64 // of all its stamps
}

// pair is a joined hand-off.
type pair struct {
	handoff         *Handoff
	giver, receiver *UserRecord
}

func stampU0(u *UserRecord) uint64 { return u.U0 }
func stampP0(u *UserRecord) uint64 { return u.P0 }
func stampF5(u *UserRecord) uint64 { return u.F5 }
func stampH0(u *UserRecord) uint64 { return u.H0 }

func (j *joiner) index(user []UserRecord) {
	for i := range user {
		u := &user[i]
		if u.TID == 0 {
			j.side.Loose++
			continue
		}
		t := j.threads[u.TID]
		if t == nil {
			t = &userThread{begin: math.MaxUint64}
			j.threads[u.TID] = t
		}
		for _, s := range [...]uint64{u.U0, u.P0, u.P1, u.P3, u.F5, u.F6, u.H0, u.H1} {
			if s != 0 {
				t.begin, t.end = min(t.begin, s), max(t.end, s)
			}
		}
		for _, l := range [...]struct {
			list *[]*UserRecord
			at   uint64
		}{{&t.u0, u.U0}, {&t.p0, u.P0}, {&t.f5, u.F5}, {&t.h0, u.H0}} {
			if l.at != 0 {
				*l.list = append(*l.list, u)
			}
		}
	}
	for _, t := range j.threads {
		sortBy(t.u0, stampU0)
		sortBy(t.p0, stampP0)
		sortBy(t.f5, stampF5)
		sortBy(t.h0, stampH0)
	}
}

func sortBy(list []*UserRecord, stamp func(*UserRecord) uint64) {
	slices.SortStableFunc(list, func(a, b *UserRecord) int { return cmp.Compare(stamp(a), stamp(b)) })
}

// from returns the index of the first record whose stamp is at or after at.
func from(list []*UserRecord, stamp func(*UserRecord) uint64, at uint64) int {
	return sort.Search(len(list), func(i int) bool { return stamp(list[i]) >= at })
}

// span finds the first and the last time that the probe recorded. It ignores
// hand-offs that were made before the start but recorded later, when they were
// used.
func (j *joiner) span(r *Records) {
	j.begin = math.MaxUint64
	extend := func(at uint64) {
		if at >= r.Began {
			j.begin, j.end = min(j.begin, at), max(j.end, at)
		}
	}
	for i := range r.Requests {
		extend(r.Requests[i].Time)
	}
	for i := range r.Handoffs {
		extend(r.Handoffs[i].Time)
	}
}

// byThread groups events by thread and keeps their order.
func byThread[T any](list []T, tid func(*T) uint32) map[uint32][]*T {
	m := map[uint32][]*T{}
	for i := range list {
		m[tid(&list[i])] = append(m[tid(&list[i])], &list[i])
	}
	return m
}

// giver returns the record of the thread that was calling futex at that time.
func (j *joiner) giver(tid uint32, call uint64) *UserRecord {
	t := j.threads[tid]
	if t == nil || call == 0 {
		return nil
	}
	i := from(t.p0, stampP0, call+1) - 1
	if i < 0 || call > t.p0[i].P3 {
		return nil
	}
	return t.p0[i]
}

// edge reports whether a kernel event lies outside the time that a thread
// recorded. It is false for a thread without records.
func (j *joiner) edge(tid uint32, at uint64) bool {
	t := j.threads[tid]
	return t != nil && (at < t.begin || at > t.end)
}

// count counts an event without a partner, as unmatched or as edge.
func (s *UserSide) count(edge bool, which func(*Residue) *uint64) {
	r := &s.Unmatched
	if edge {
		r = &s.Edge
	}
	*which(r)++
}

func kernelRequests(r *Residue) *uint64 { return &r.KernelRequests }
func userRequests(r *Residue) *uint64   { return &r.UserRequests }
func kernelHandoffs(r *Residue) *uint64 { return &r.KernelHandoffs }
func userHandoffs(r *Residue) *uint64   { return &r.UserHandoffs }
func kernelGaps(r *Residue) *uint64     { return &r.KernelGaps }

// unwatched reports whether a user event lies outside the time of the kernel's
// records.
func (j *joiner) unwatched(at uint64) bool { return at < j.begin || at > j.end }

// joinRequests matches one thread's reads with its handlers.
func (j *joiner) joinRequests(t *userThread, requests []*Request) {
	handlers := t.h0
	for i, q := range requests {
		for len(handlers) > 0 && handlers[0].H0 < q.Time {
			j.side.count(j.unwatched(handlers[0].H0), userRequests)
			handlers = handlers[1:]
		}
		next := uint64(math.MaxUint64)
		if i+1 < len(requests) {
			next = requests[i+1].Time
		}
		if len(handlers) == 0 || handlers[0].H0 >= next || max(handlers[0].F5, handlers[0].U0) > q.Time {
			j.side.count(j.edge(q.TID, q.Time), kernelRequests)
			continue
		}
		j.joinRequest(q, handlers[0])
		handlers = handlers[1:]
	}
	for _, u := range handlers {
		j.side.count(j.unwatched(u.H0), userRequests)
	}
}

// joinRequest finds the thread that handed the request to its reader, if there
// is one, and then splits the request's time into stages.
func (j *joiner) joinRequest(q *Request, u *UserRecord) {
	g, how := u, direct
	switch {
	case q.Pass.Waking != 0:
		g, how = j.giver(q.Pass.Waker, q.Pass.Call), woken
		if g == nil || g.U0 < q.Receipt.Return || u.F5 < q.PassReturn {
			edge := j.edge(q.Pass.Waker, q.Pass.Call)
			j.side.count(edge, kernelRequests)
			j.side.count(edge, userRequests)
			return
		}
	case q.Receipt.Return != 0 && q.Receipt.TID != q.TID:
		g, how = j.queued(q, u), queued
		if g == nil {
			edge := j.edge(q.Receipt.TID, q.Receipt.Return)
			j.side.count(edge, kernelRequests)
			j.side.count(edge, userRequests)
			return
		}
	}
	if how != direct && g.Seq != u.Seq {
		j.side.Contradicted++
		return
	}
	j.side.Requests++
	j.dispatch(q, g, u, how)
}

// queued returns the receiver's record of a request that a thread took while it
// was awake. There is no wake-up to find it by, so it is found by its number,
// which increases within each thread.
func (j *joiner) queued(q *Request, u *UserRecord) *UserRecord {
	t := j.threads[q.Receipt.TID]
	if t == nil || u.F5 == 0 {
		return nil
	}
	i := sort.Search(len(t.p0), func(i int) bool { return t.p0[i].Seq >= u.Seq })
	if i == len(t.p0) || t.p0[i].Seq != u.Seq || t.p0[i].P0 > u.F5 || t.p0[i].U0 < q.Receipt.Return {
		return nil
	}
	return t.p0[i]
}

// joinHandoffs matches one thread's wake-ups with its records of receiving
// something.
func (j *joiner) joinHandoffs(t *userThread, handoffs []*Handoff) {
	receipts := slices.DeleteFunc(slices.Clone(t.f5), func(u *UserRecord) bool { return !u.Promoted })
	for i, h := range handoffs {
		for len(receipts) > 0 && receipts[0].F5 < h.Time {
			j.side.count(j.unwatched(receipts[0].F5), userHandoffs)
			receipts = receipts[1:]
		}
		next := uint64(math.MaxUint64)
		if i+1 < len(handoffs) {
			next = handoffs[i+1].Time
		}
		if w := j.threads[h.Sleep.Waker]; w == nil || len(w.p0) == 0 || len(t.f5) == 0 {
			j.side.Unstamped++
			continue
		}
		if len(receipts) == 0 || receipts[0].F5 >= next {
			j.side.count(j.edge(h.TID, h.Time), kernelHandoffs)
			continue
		}
		u := receipts[0]
		receipts = receipts[1:]
		switch g := j.giver(h.Sleep.Waker, h.Sleep.Call); {
		case g == nil:
			edge := j.edge(h.Sleep.Waker, h.Sleep.Call)
			j.side.count(edge, kernelHandoffs)
			j.side.count(edge, userHandoffs)
		case h.Group.Group() == stage.Lead && u.Seq != g.Seq+1, h.Group.Group() != stage.Lead && u.Seq != g.Seq:
			j.side.Contradicted++
		default:
			j.side.Handoffs++
			j.pairs[h.TID] = append(j.pairs[h.TID], pair{h, g, u})
			j.handoff(h, g, u)
		}
	}
	for _, u := range receipts {
		j.side.count(j.unwatched(u.F5), userHandoffs)
	}
}

// joinGap finds the event with which a gap began and, if a woken thread ended
// it, that hand-off. It ignores gaps that ended otherwise, because no thread
// took stamps in them.
func (j *joiner) joinGap(gap *Gap) {
	t := j.threads[gap.Giver]
	switch gap.How.Group() {
	case stage.Passed:
		pairs := j.pairs[gap.TID]
		i := sort.Search(len(pairs), func(i int) bool { return pairs[i].handoff.Time > gap.Time }) - 1
		if i >= 0 && pairs[i].handoff.Sleep.Waker == gap.Giver && pairs[i].giver.U0 >= gap.Began &&
			pairs[i].receiver.F5 <= gap.Time {
			j.side.Gaps++
			j.passed(gap, pairs[i])
			return
		}
	case stage.Retook:
		if t == nil {
			break
		}
		i := from(t.u0, stampU0, gap.Began)
		if i == len(t.u0) {
			break
		}
		event, last := t.u0[i], t.u0[i]
		if g := j.giver(gap.Giver, gap.WakeEnter); g != nil && g.P0 > event.P0 {
			last = g // the event brought several connections
		}
		if max(event.U0, last.P0, last.P3) <= gap.Time {
			j.side.Gaps++
			j.retook(gap, event, last)
			return
		}
	default:
		return
	}
	j.side.count(j.edge(gap.Giver, gap.Began) || j.edge(gap.TID, gap.Time), kernelGaps)
}

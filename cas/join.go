package cas

// JoinResult says what the thread is, or must do, after a step of Join.
type JoinResult uint8

const (
	JoinMore      JoinResult = iota // step again
	Leads                           // the thread leads Slot, without having waited
	Follows                         // the thread is on the stack: wait for its promise
	FollowsAlone                    // as Follows, but there is no sentinel: call another thread (Promote with Way Calling), then wait
	Watches                         // the thread is the sentinel: run Watch
	JoinedTooLate                   // the pool ends
)

// Join is the step machine by which thread Me enters the pool, at the start and
// after each event. The thread takes a free leader slot; or becomes the
// sentinel, if the pool has one and no thread is it; or pushes itself on the stack
// of followers. The machine starts at PC zero.
type Join struct {
	PC      JoinPC
	Me      uint16
	Watched bool   // the pool has a sentinel
	Slot    uint8  // the leader slot taken
	Seen    Word   // the word as last read
	Retries uint32 // lost compare-and-swaps
}

// JoinPC is the next access Join makes.
type JoinPC uint8

const (
	JoinLoad  JoinPC = iota // read the word
	JoinClaim               // CAS: take a free leader slot
	JoinLook                // is there a sentinel?
	JoinWatch               // CAS: be the sentinel
	JoinReset               // forget an old promise
	JoinLink                // next = head
	JoinPush                // CAS: head = me
	JoinCheck               // is there a sentinel still?
)

// Step makes one atomic access.
//
// The promise is reset before the push, because another thread may grant the
// leadership after it. The link is written before the push, because another
// thread may pop this one after it.
//
// JoinCheck looks for the sentinel once more after the push, because the
// sentinel may have begun to lead in between. A leader without a sentinel looks
// for a follower after it has found no sentinel. So either that leader finds
// this thread, or this thread finds that there is no sentinel.
func (j *Join) Step(l *Leadership) JoinResult {
	switch j.PC {
	case JoinLoad:
		j.Seen = l.Load()
		switch {
		case j.Seen.Terminated():
			return JoinedTooLate
		case j.Seen.Free() > 0:
			j.PC = JoinClaim
		case j.Watched:
			j.PC = JoinLook
		default:
			j.PC = JoinReset
		}
	case JoinClaim:
		j.Slot = j.Seen.FreeSlot()
		if l.swap(j.Seen, j.Seen.withoutFree(j.Slot)) {
			return Leads
		}
		j.retry()
	case JoinLook:
		j.PC = JoinReset
		if l.Sentinel() == NoSentinel {
			j.PC = JoinWatch
		}
	case JoinWatch:
		// The word may have changed since it was read. The sentinel notices,
		// because it looks before it sleeps.
		if l.sentinel.CompareAndSwap(uint32(NoSentinel), uint32(sentinel(j.Me))) {
			return Watches
		}
		j.PC = JoinReset
	case JoinReset:
		l.followers[j.Me].promise.Store(uint32(NoPromise))
		j.PC = JoinLink
	case JoinLink:
		l.followers[j.Me].next.Store(uint32(j.Seen.Head()))
		j.PC = JoinPush
	case JoinPush:
		switch {
		case !l.swap(j.Seen, j.Seen.withHead(j.Me)):
			j.retry()
		case j.Watched:
			j.PC = JoinCheck
		default:
			return Follows
		}
	case JoinCheck:
		if l.Sentinel() == NoSentinel {
			return FollowsAlone
		}
		return Follows
	}
	return JoinMore
}

func (j *Join) retry() {
	j.Retries++
	j.PC = JoinLoad
}

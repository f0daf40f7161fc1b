package cas

// JoinResult is what a thread is after a step of Join.
type JoinResult uint8

const (
	JoinMore      JoinResult = iota // step again
	Leads                           // it leads Slot; it did not have to wait
	Follows                         // it is on the stack: wait until promised
	FollowsAlone                    // the same, but nobody watches: call somebody (Promote with Way Calling), then wait
	Watches                         // it is the sentinel: see Watch
	JoinedTooLate                   // the pool ends
)

// Join is the machine by which thread Me enters the pool, at the start and
// after each event: it takes a free leader slot, becomes the sentinel where
// there is to be one and is none, or pushes itself on the stack of followers.
// PC zero is its beginning.
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
// The promise is reset before the push, for after it somebody may grant; and
// the link is written before the push, for after it somebody may pop. The
// sentinel is looked for again after the push: it may have gone on to lead in
// between, and who leads alone looks for a follower after it has found no
// sentinel. Either it finds this one, or this one finds that nobody watches.
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
		// What happened since the word was read, the sentinel finds: it looks
		// before it sleeps.
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

package cas

// JoinResult is what a thread is after a step of Join.
type JoinResult uint8

const (
	JoinMore      JoinResult = iota // step again
	Leads                           // it leads; it did not have to wait
	Follows                         // it is on the stack: wait until promised
	JoinedTooLate                   // the pool ends
)

// Join is the machine by which thread Me enters the pool, at the start and
// after each event: it takes a free leader slot or pushes itself on the stack
// of followers. The zero PC is its beginning.
type Join struct {
	PC      JoinPC
	Me      uint16
	Seen    Word   // the word as last read
	Retries uint32 // lost compare-and-swaps
}

// JoinPC is the next access Join makes.
type JoinPC uint8

const (
	JoinLoad  JoinPC = iota // read the word
	JoinClaim               // CAS: take a free leader slot
	JoinReset               // forget an old promise
	JoinLink                // next = head
	JoinPush                // CAS: head = me
)

// Step makes one atomic access.
//
// The promise is reset before the push, for after it somebody may grant; and
// the link is written before the push, for after it somebody may pop.
func (j *Join) Step(l *Leadership) JoinResult {
	switch j.PC {
	case JoinLoad:
		j.Seen = l.Load()
		switch {
		case j.Seen.Terminated():
			return JoinedTooLate
		case j.Seen.Free() > 0:
			j.PC = JoinClaim
		default:
			j.PC = JoinReset
		}
	case JoinClaim:
		if l.swap(j.Seen, j.Seen.withFree(-1)) {
			return Leads
		}
		j.retry()
	case JoinReset:
		l.followers[j.Me].promise.Store(uint32(NoPromise))
		j.PC = JoinLink
	case JoinLink:
		l.followers[j.Me].next.Store(uint32(j.Seen.Head()))
		j.PC = JoinPush
	case JoinPush:
		if l.swap(j.Seen, j.Seen.withHead(j.Me)) {
			return Follows
		}
		j.retry()
	}
	return JoinMore
}

func (j *Join) retry() {
	j.Retries++
	j.PC = JoinLoad
}

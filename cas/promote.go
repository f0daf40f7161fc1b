package cas

// PromoteResult is what became of a promotion after a step of Promote.
type PromoteResult uint8

const (
	PromoteMore    PromoteResult = iota // step again
	Promoted                            // follower Heir was granted the leadership: wake it
	Freed                               // no follower waits: the next thread to join leads
	PromoteTooLate                      // the pool ends
)

// Promote is the machine by which a leader gives its leadership up: to the
// follower on top of the stack (last in, first out), or to nobody in
// particular when none waits. The zero value is its beginning. Each leader
// runs it once for each time it led.
type Promote struct {
	PC      PromotePC
	Heir    uint16 // the follower that is being promoted
	Next    uint16 // the one below it
	Seen    Word   // the word as last read
	Retries uint32 // lost compare-and-swaps
}

// PromotePC is the next access Promote makes.
type PromotePC uint8

const (
	PromoteLoad  PromotePC = iota // read the word
	PromoteFree                   // CAS: one more free slot
	PromoteNext                   // read the link of the follower on top
	PromotePop                    // CAS: head = that link
	PromoteGrant                  // promise it the leadership
)

// Step makes one atomic access.
//
// The link is read before the pop, for after it the follower may have gone and
// come back; the promise is written after the pop, and the wake-up that the
// caller issues comes after the promise.
func (p *Promote) Step(l *Leadership) PromoteResult {
	switch p.PC {
	case PromoteLoad:
		p.Seen = l.Load()
		p.Heir = p.Seen.Head()
		switch {
		case p.Seen.Terminated():
			return PromoteTooLate
		case p.Heir == End:
			p.PC = PromoteFree
		default:
			p.PC = PromoteNext
		}
	case PromoteFree:
		if l.swap(p.Seen, p.Seen.withFree(+1)) {
			return Freed
		}
		p.retry()
	case PromoteNext:
		p.Next = uint16(l.followers[p.Heir].next.Load())
		p.PC = PromotePop
	case PromotePop:
		if l.swap(p.Seen, p.Seen.withHead(p.Next)) {
			p.PC = PromoteGrant
			break
		}
		p.retry()
	case PromoteGrant:
		l.followers[p.Heir].promise.Store(uint32(Granted))
		return Promoted
	}
	return PromoteMore
}

func (p *Promote) retry() {
	p.Retries++
	p.PC = PromoteLoad
}

package cas

// PromoteResult says what the caller must do after a step of a promotion.
type PromoteResult uint8

const (
	PromoteMore    PromoteResult = iota // step again
	Promoted                            // done: Heir was granted the leadership, or called; wake it
	PromotedOne                         // wake Heir as after Promoted, then step again
	Freed                               // done: there is no thread to wake; the next thread that joins leads
	PromoteTooLate                      // the pool ends
)

// Way says how a leader gives up the leadership.
type Way uint8

const (
	// Named grants it to the follower on top of the stack (last in, first out),
	// or frees the slot if no follower waits.
	Named Way = iota
	// Open frees the slot and calls the follower on top. The first thread that
	// comes takes the slot.
	Open
	// Silent frees the slot and calls no thread. The sentinel takes the slot if no
	// other thread has taken it for a while.
	Silent
	// Calling frees nothing. It calls the follower on top, to be the sentinel.
	Calling
)

// Promote is the step machine by which a leader gives up the leadership of
// Slot. Each leader runs it once for each time it led. It starts as the zero
// value, for slot 0 and Way Named.
type Promote struct {
	PC      PromotePC
	Way     Way
	Slot    uint8
	Watched bool   // the pool has a sentinel
	Heir    uint16 // the follower that is being promoted
	Next    uint16 // the follower below Heir
	Seen    Word   // the word as last read
	Retries uint32 // lost compare-and-swaps
}

// PromotePC is the next access Promote makes.
type PromotePC uint8

const (
	PromoteLoad  PromotePC = iota // read the word
	PromoteFree                   // CAS: free the slot
	PromoteRouse                  // read who is the sentinel
	PromoteAwake                  // CAS: wake the sentinel
	PromoteNext                   // read the link of the follower on top
	PromotePop                    // CAS: head = that link
	PromoteGrant                  // CAS: promise Heir the leadership
	PromoteSkip                   // CAS: Heir is absent, mark it as taken off the stack
)

// Step makes one atomic access.
//
// The link is read before the pop, because after it the follower may have left
// and come back. The promise is written after the pop, and the caller wakes
// Heir after the promise. The machine looks for the sentinel after it has freed
// the slot. So either it finds the sentinel, or the sentinel finds the slot.
func (p *Promote) Step(l *Leadership) PromoteResult {
	switch p.PC {
	case PromoteLoad:
		p.Seen = l.Load()
		p.Heir = p.Seen.Head()
		switch {
		case p.Seen.Terminated():
			return PromoteTooLate
		case p.Way == Calling && p.Heir == End:
			return Freed
		case p.Way == Silent || p.Heir == End:
			p.PC = PromoteFree
		default:
			p.PC = PromoteNext
		}
	case PromoteFree:
		if !l.swap(p.Seen, p.Seen.withFree(p.Slot)) {
			p.retry()
			break
		}
		if !p.Watched {
			return Freed
		}
		p.PC = PromoteRouse
	case PromoteRouse:
		s := l.Sentinel()
		switch {
		case s == NoSentinel && p.Way == Silent:
			p.Way, p.PC = Calling, PromoteLoad // there is no sentinel, so a follower must watch the slot
		case s == NoSentinel:
			return Freed
		case s.Asleep():
			p.Heir = s.Thread()
			p.PC = PromoteAwake
		case p.Way == Silent:
			return Freed // the sentinel looks without being called
		default:
			p.Heir = s.Thread()
			return Promoted
		}
	case PromoteAwake:
		if !l.rouse(p.Heir) {
			p.PC = PromoteRouse
			break
		}
		return Promoted
	case PromoteNext:
		p.Next = uint16(l.followers[p.Heir].next.Load())
		p.PC = PromotePop
	case PromotePop:
		to := p.Seen.withHead(p.Next)
		if p.Way == Open {
			to = to.withFree(p.Slot)
		}
		if l.swap(p.Seen, to) {
			p.PC = PromoteGrant
			break
		}
		p.retry()
	case PromoteGrant:
		promise := grant(p.Slot)
		if p.Way != Named {
			promise = Called
		}
		if l.followers[p.Heir].promise.CompareAndSwap(uint32(NoPromise), uint32(promise)) {
			return Promoted
		}
		p.PC = PromoteSkip
	case PromoteSkip:
		if !l.followers[p.Heir].promise.CompareAndSwap(uint32(Absent), uint32(Off)) {
			p.PC = PromoteGrant // Heir has come back
			break
		}
		if p.Way == Open {
			p.Way = Calling // the slot is free already
		}
		p.PC = PromoteLoad // try the next follower
	}
	return PromoteMore
}

func (p *Promote) retry() {
	p.Retries++
	p.PC = PromoteLoad
}

package cas

// PromoteResult is what became of a promotion after a step.
type PromoteResult uint8

const (
	PromoteMore    PromoteResult = iota // step again
	Promoted                            // Heir was granted the leadership, or called: wake it. Done
	PromotedOne                         // the same, but step again after: there is more to do
	Freed                               // nobody to wake: the next thread to join leads
	PromoteTooLate                      // the pool ends
)

// Way is how a leader gives its leadership up.
type Way uint8

const (
	// Named grants it to the follower on top of the stack (last in, first
	// out), or frees it when none waits.
	Named Way = iota
	// Open frees it and calls the follower on top to come and look: whoever
	// comes first takes it.
	Open
	// Silent frees it and calls nobody; the sentinel will find it when no
	// other thread has taken it for a while.
	Silent
	// Calling frees nothing and calls the follower on top, to be the sentinel.
	Calling
)

// Promote is the machine by which a leader gives the leadership of Slot up.
// The zero value is its beginning, for Slot 0 and Way Named. Each leader runs
// it once for each time it led.
type Promote struct {
	PC      PromotePC
	Way     Way
	Slot    uint8
	Watched bool   // the pool has a sentinel
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
	PromoteRouse                  // who is the sentinel?
	PromoteAwake                  // CAS: it does not sleep any more
	PromoteNext                   // read the link of the follower on top
	PromotePop                    // CAS: head = that link
	PromoteGrant                  // CAS: promise it the leadership
	PromoteSkip                   // CAS: it is absent, and off the stack now
)

// Step makes one atomic access.
//
// The link is read before the pop, for after it the follower may have gone and
// come back; the promise is written after the pop, and the wake-up that the
// caller issues comes after the promise. The sentinel is looked for after the
// slot was freed: either it is found, or it finds the slot.
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
			p.Way, p.PC = Calling, PromoteLoad // somebody has to look after the slot
		case s == NoSentinel:
			return Freed
		case s.Asleep():
			p.Heir = s.Thread()
			p.PC = PromoteAwake
		case p.Way == Silent:
			return Freed // it will look by itself
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
			p.PC = PromoteGrant // it has come back
			break
		}
		if p.Way == Open {
			p.Way = Calling // the slot is free already
		}
		p.PC = PromoteLoad // the next one
	}
	return PromoteMore
}

func (p *Promote) retry() {
	p.Retries++
	p.PC = PromoteLoad
}

package cas

// TerminateResult is what Terminate asks of its caller after a step.
type TerminateResult uint8

const (
	TerminateMore TerminateResult = iota // step again
	TerminateWake                        // wake follower Heir, then step again
	Terminated                           // done: all followers have been told
)

// Terminate is the machine that ends the pool: it sets the terminate flag,
// takes the whole stack in the same access, and tells each follower. Nobody
// can push afterwards, so the links it walks no longer change. Whoever runs
// second finds an empty stack; where somebody is choosing an heir, that one
// takes the rest of the stack when it is done. The zero value is its beginning.
type Terminate struct {
	PC      TerminatePC
	Heir    uint16 // the follower that is being told
	Next    uint16
	Seen    Word
	Watched bool // the pool has a sentinel, to be told last
	Retries uint32
}

// TerminatePC is the next access Terminate makes.
type TerminatePC uint8

const (
	TerminateLoad     TerminatePC = iota // read the word
	TerminateTake                        // CAS: set the flag, head = End
	TerminateNext                        // read the link of the follower to tell
	TerminateGrant                       // tell it that the pool has ended
	TerminateSentinel                    // who is the sentinel?
	TerminateDone
)

// Step makes one atomic access, or none once the last follower was told.
func (t *Terminate) Step(l *Leadership) TerminateResult {
	switch t.PC {
	case TerminateLoad:
		t.Seen = l.Load()
		if t.Seen.Terminated() {
			return Terminated
		}
		t.PC = TerminateTake
	case TerminateTake:
		to := t.Seen.withHead(End) | termBit
		t.Next = t.Seen.Head()
		if t.Seen.Choosing() {
			to, t.Next = t.Seen|termBit, End
		}
		if !l.swap(t.Seen, to) {
			t.Retries++
			t.PC = TerminateLoad
			break
		}
		t.PC = TerminateNext
	case TerminateNext:
		if t.Next == End {
			if !t.Watched {
				return Terminated
			}
			t.PC = TerminateSentinel
			break
		}
		// The link is read before the follower is told: then it may be gone.
		t.Heir = t.Next
		t.Next = uint16(l.followers[t.Heir].next.Load())
		t.PC = TerminateGrant
	case TerminateGrant:
		l.followers[t.Heir].promise.Store(uint32(Ended))
		t.PC = TerminateNext
		return TerminateWake
	case TerminateSentinel:
		s := l.Sentinel()
		t.PC = TerminateDone
		if s != NoSentinel {
			t.Heir = s.Thread() // it looks at the word whenever it wakes
			return TerminateWake
		}
	case TerminateDone:
		return Terminated
	}
	return TerminateMore
}

// takeRest makes Terminate go on from a stack that was taken, without the
// pool's sentinel, whom the one that set the flag tells.
func (t *Terminate) takeRest(head uint16) {
	*t = Terminate{PC: TerminateNext, Next: head}
}

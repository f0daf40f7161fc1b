package cas

// TerminateResult says what the caller must do after a step of Terminate.
type TerminateResult uint8

const (
	TerminateMore TerminateResult = iota // step again
	TerminateWake                        // wake follower Heir, then step again
	Terminated                           // done: all followers have been told that the pool ends
)

// Terminate is the step machine that ends the pool. One access sets the
// terminate flag and takes the whole stack; then the machine tells each
// follower. No thread can push after that, so the links no longer change. A
// second thread that runs Terminate finds the flag set and does nothing. If a
// thread is choosing an heir, that thread takes the stack when it is done. The
// machine starts as the zero value.
type Terminate struct {
	PC      TerminatePC
	Heir    uint16 // the follower to wake
	Next    uint16
	Seen    Word
	Watched bool // the pool has a sentinel, which is woken last
	Retries uint32
}

// TerminatePC is the next access Terminate makes.
type TerminatePC uint8

const (
	TerminateLoad     TerminatePC = iota // read the word
	TerminateTake                        // CAS: set the flag, head = End
	TerminateNext                        // read the link of the follower to tell
	TerminateGrant                       // tell the follower that the pool has ended
	TerminateSentinel                    // read who is the sentinel
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
		// Read the link before the follower is told, because the follower may
		// leave after that.
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
			t.Heir = s.Thread() // the sentinel reads the word whenever it wakes
			return TerminateWake
		}
	case TerminateDone:
		return Terminated
	}
	return TerminateMore
}

// takeRest makes t tell the followers of a stack that was already taken. It
// leaves out the sentinel, because the thread that set the flag tells it.
func (t *Terminate) takeRest(head uint16) {
	*t = Terminate{PC: TerminateNext, Next: head}
}

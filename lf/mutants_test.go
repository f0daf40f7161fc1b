package lf

import (
	"slices"

	"lflab/cas"
)

// Each mutant is a mistake that a real implementation has made or could make.
// It replaces one step of the real code. If the checker does not find a mutant,
// it checks nothing.
var mutants = slices.Concat(handoffMutants, watchMutants, chooseMutants, leadersMutants)

// handoffMutants are mistakes with one leader that hands over at once.
var handoffMutants = []mutant{
	{name: "promise is reset after the push", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		switch {
		case t.at != running:
		case t.m.pc == joining && t.m.join.PC == cas.JoinReset:
			t.m.join.PC = cas.JoinLink
			return true
		case t.m.pc == joining && t.m.join.PC == cas.JoinPush:
			c.stepMember(s, i)
			if t.m.pc == following {
				t.extra = 1
			}
			return true
		case t.m.pc == following && t.extra == 1:
			s.image.Promise[i], t.extra = cas.NoPromise, 0
			return true
		}
		return false
	}},
	{name: "FUTEX_WAIT does not compare", step: func(c *checker, s *state, i int) bool {
		if s.threads[i].at != inWait {
			return false
		}
		s.threads[i].at = asleep
		return true
	}},
	{name: "heir is woken before it is promised", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		switch {
		case t.at == running && t.m.pc == promoting && t.m.promote.PC == cas.PromoteGrant && t.extra == 0:
			t.at, t.heir, t.extra = giving, uint8(t.m.promote.Heir), 1
			return true
		case t.at == running && t.extra == 1:
			c.stepMember(s, i) // the promise; its wake-up has been given already
			t.extra = 0
			return true
		}
		return false
	}},
	{name: "promoting with no follower forgets the leadership", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != promoting || t.m.promote.PC != cas.PromoteFree {
			return false
		}
		t.m.pc = processing
		return true
	}},
	{name: "joining never takes a free leadership", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != joining || t.m.join.PC != cas.JoinClaim {
			return false
		}
		t.m.join.PC = cas.JoinReset
		return true
	}},
	{name: "any return from sleep is taken for a promotion", step: wakeIsPromotion},
	{name: "the same, though the kernel never wakes for nothing", trials: []trial{{promotion: "handoff", threads: 2, calm: true}}, step: wakeIsPromotion},
	{name: "a leader that is interrupted rejoins without promoting", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.extra&interrupted == 0 {
			return false
		}
		t.extra = 0
		t.m.rejoin()
		return true
	}},
	{name: "a leader that is interrupted leaves", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.extra&interrupted == 0 {
			return false
		}
		t.extra, t.at = 0, gone
		return true
	}},
	{name: "a leader dies with its event before it promotes", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != promoting || t.m.promote.PC != cas.PromoteLoad {
			return false
		}
		t.at, t.holding = gone, false
		return true
	}},
	{name: "push trusts an outdated 'there is a leader'", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != joining || t.m.join.PC != cas.JoinPush {
			return false
		}
		// flag and head are in two words, and the push compares the head only
		s.image.Next[i] = s.image.Word.Head()
		t.m.join.Seen = s.image.Word
		c.stepMember(s, i)
		return true
	}},
	{name: "push writes the word plainly", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != joining || t.m.join.PC != cas.JoinPush {
			return false
		}
		s.image.Word = t.m.join.Seen&^0xffff | cas.Word(i)
		t.m.pc = following
		return true
	}},
	{name: "link is read once and kept when the pop fails", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != promoting || t.m.promote.PC != cas.PromotePop {
			return false
		}
		next := t.m.promote.Next
		c.stepMember(s, i)
		if t.m.promote.PC == cas.PromoteLoad && s.image.Word.Head() != cas.End {
			t.m.promote = cas.Promote{PC: cas.PromotePop, Seen: s.image.Word, Heir: s.image.Word.Head(), Next: next}
		}
		return true
	}},
	{name: "leadership is passed twice after one event", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != handling || t.extra != 0 || s.image.Word.Terminated() {
			return false
		}
		t.extra, t.at, t.m.pc, t.m.promote, t.m.after = 1, running, promoting, cas.Promote{}, processing
		return true
	}},
	{name: "giver looks whether the owner sleeps before it gives", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != giving {
			return false
		}
		if t.extra == 0 { // load
			if t.extra = 1; s.permit[t.heir] == cas.Asleep {
				t.extra = 2
			}
			return true
		}
		s.permit[t.heir] = 1 // store
		if t.at = running; t.extra == 2 {
			t.at = inWake
		}
		t.extra = 0
		return true
	}},
	{name: "owner arms without looking for a permit", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != taking || t.take.PC != 0 {
			return false
		}
		s.permit[i] = cas.Asleep
		t.take.PC, t.at = 1, inWait
		return true
	}},
	{name: "the end does not wake followers", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != giving || t.m.pc != terminating {
			return false
		}
		t.at = running
		return true
	}},
	{name: "the end is flagged but the stack is not emptied", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != terminating || t.m.terminate.PC != cas.TerminateTake {
			return false
		}
		s.image.Word |= 1 << 31
		t.m.pc = ended
		return true
	}},
	{name: "the end tells a follower before it reads its link", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		// Another pool reuses the records as soon as their thread has left, so
		// a link that is read afterwards is arbitrary.
		if t.at != running || t.m.pc != terminating || t.m.terminate.PC != cas.TerminateNext || t.m.terminate.Next == cas.End {
			return false
		}
		heir := t.m.terminate.Next
		if t.extra == 0 {
			s.image.Promise[heir] = cas.Ended
			t.extra = 1
			t.at, t.heir = giving, uint8(heir)
			return true
		}
		t.extra = 0
		if t.m.terminate.Next = s.image.Next[heir]; s.threads[heir].at == gone {
			t.m.terminate.Next = cas.End
		}
		return true
	}},
	{name: "the end does not reach a leader that waits", step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != onSource || !s.closed || s.pending[0] > 0 {
			return false
		}
		return true // stays where it is
	}},
}

func wakeIsPromotion(c *checker, s *state, i int) bool {
	t := &s.threads[i]
	switch {
	case t.at == taking && t.take.PC == 1 && t.extra == 1: // returned from the kernel
		s.permit[i] = 0
		t.at, t.extra, t.m.pc = running, 0, leading
		return true
	case t.at == inWait:
		t.extra = 1
		return c.advance(s, i, 0)
	case t.at == taking:
		if before := t.at; c.advance(s, i, 0) && t.at == running && before == taking {
			t.m.pc = leading // mistakes any permit for a promotion
		}
		return true
	}
	return false
}

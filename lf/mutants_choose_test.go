package lf

import "lflab/cas"

// chooseMutants are mistakes in the search for an heir below the top of the
// stack.
var chooseMutants = []mutant{
	{name: "order fifo promotes the one on top", lean: true, trials: choosing(cas.FIFO, 3, 1), step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChooseBelow)
		if !ok || p.Above == cas.End {
			return false
		}
		p.Best, p.Above = p.Seen.Head(), cas.End
		c.stepMember(s, i)
		return true
	}},
	{name: "order priority promotes the one that has waited longest", lean: true, trials: choosing(cas.Priority, 3, 1), step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChooseWalk)
		if !ok {
			return false
		}
		at, prev := p.At, p.Prev
		c.stepMember(s, i)
		p.Best, p.Above = at, prev
		return true
	}},
	{name: "heir on top is popped though another follower is on top of it now", lean: true, trials: choosing(cas.FIFO, 3, 1), step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChoosePop)
		if !ok {
			return false
		}
		p.Seen = s.image.Word
		c.stepMember(s, i)
		return true
	}},
	{name: "heir is looked for before the choosing bit is set", lean: true, trials: []trial{{promotion: "handoff", order: cas.FIFO, threads: 4, leaders: 2, parking: atOnce, calm: true, endless: true}}, step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChooseLoad)
		if ok {
			if c.stepMember(s, i); p.PC == cas.ChooseLock {
				p.Above = cas.End
				for p.Best = p.Seen.Head(); s.image.Next[p.Best] != cas.End; p.Best = s.image.Next[p.Best] {
					p.Above = p.Best
				}
			}
			return true
		}
		if _, ok = chooses(s, i, cas.ChooseLock); !ok {
			return false
		}
		best, above := p.Best, p.Above
		if c.stepMember(s, i); p.PC == cas.ChooseTop {
			p.Seen, p.Best, p.Above, p.PC = s.image.Word, best, above, cas.ChooseBelow
			s.walked = s.waiting
		}
		return true
	}},
	{name: "second chooser ignores the choosing bit", lean: true, trials: choosing(cas.FIFO, 4, 2), step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChooseLoad)
		if !ok || !s.image.Word.Choosing() || s.image.Word.Head() == cas.End {
			return false
		}
		if c.stepMember(s, i); p.PC == cas.ChooseFree {
			p.PC = cas.ChooseLock
		}
		return true
	}},
	{name: "slot left by another while choosing is forgotten", lean: true, trials: choosing(cas.FIFO, 3, 1), step: func(c *checker, s *state, i int) bool {
		p, ok := chooses(s, i, cas.ChooseDone)
		if !ok {
			return false
		}
		c.stepMember(s, i)
		p.PC = cas.ChooseUnlock
		return true
	}},
	{name: "the end takes the stack although a thread chooses", lean: true, trials: choosing(cas.FIFO, 3, 2), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		end := &t.m.terminate
		if t.at != running || t.m.pc != terminating || end.PC != cas.TerminateTake || !end.Seen.Choosing() || end.Seen != s.image.Word {
			return false
		}
		const choosing = 1 << 30
		s.image.Word &^= choosing
		end.Seen = s.image.Word
		c.stepMember(s, i)
		s.image.Word |= choosing
		return true
	}},
	{name: "the end forgets followers that waited while a thread chose", lean: true, trials: choosing(cas.FIFO, 3, 1), step: func(_ *checker, s *state, i int) bool {
		if _, ok := chooses(s, i, cas.ChooseRest); !ok {
			return false
		}
		s.threads[i].m.pc = processing
		return true
	}},
}

// leadersMutants are mistakes that do harm only with several leaders.
var leadersMutants = []mutant{
	// With one leader only one thread pops, and this is no mistake: see
	// TestTagIsForSeveralLeaders.
	{name: "the tag is not counted", lean: true, trials: []trial{withoutTag(2)}, step: tagIsNotCounted},
}

func tagIsNotCounted(c *checker, s *state, i int) bool {
	c.advance(s, i, 0)
	s.image.Word &= 1<<32 - 1
	return true
}

// withoutTag is a trial in which the tag matters: promotions and joins of four
// threads, without their sleep.
func withoutTag(leaders int) trial {
	return trial{promotion: "handoff", threads: 4, leaders: leaders, parking: atOnce, calm: true, endless: true}
}

func choosing(order cas.Order, threads, leaders int) []trial {
	return []trial{{promotion: "handoff", order: order, threads: threads, leaders: leaders, parking: atOnce, calm: true}}
}

// chooses returns thread i's search for an heir, and whether it is at pc.
func chooses(s *state, i int, pc cas.ChoosePC) (*cas.Choose, bool) {
	t := &s.threads[i]
	return &t.m.choose, t.at == running && t.m.pc == promoting && t.m.choose.PC == pc
}

package lf

import "lflab/cas"

// watchMutants are mistakes with a thread that is called or a sentinel that
// watches.
var watchMutants = []mutant{
	{name: "called follower does not join again", lean: true, trials: of("open", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != following || s.image.Promise[i] != cas.Called {
			return false
		}
		s.image.Promise[i] = cas.NoPromise
		return true
	}},
	{name: "called follower takes the call for a promotion", lean: true, trials: of("open", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != following || s.image.Promise[i] != cas.Called {
			return false
		}
		t.m.leads(0, true)
		return true
	}},
	{name: "leadership freed silently does not rouse the sentinel", lean: true, trials: of("lazy", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != promoting || t.m.promote.PC != cas.PromoteRouse {
			return false
		}
		t.m.pc = t.m.after
		return true
	}},
	{name: "sentinel is looked for before leadership is freed", lean: true, trials: of("lazy", 2, 3), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		switch {
		case t.at != running || t.m.pc != promoting:
		case t.m.promote.PC == cas.PromoteFree && t.extra == 0:
			if t.extra = 1; s.image.Sentinel.Asleep() {
				t.extra = 2
			}
			return true
		case t.m.promote.PC == cas.PromoteRouse && t.extra == 1:
			t.extra, t.m.pc = 0, t.m.after
			return true
		}
		return false
	}},
	{name: "sentinel sleeps without looking again after it said so", lean: true, trials: of("adaptive", 2, 3), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != watching || t.m.watch.PC != cas.WatchDoze {
			return false
		}
		c.stepMember(s, i)
		t.m.watch.PC = cas.WatchRested
		c.acts(t, rest)
		return true
	}},
	{name: "leader looks for the sentinel before it says that it is busy", lean: true, trials: of("adaptive", 2, 3), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		hold := &t.m.hold
		if t.at != running || t.m.pc != beginning || hold.PC != cas.HoldBegin || t.extra == 0 && s.image.Sentinel == cas.NoSentinel {
			return false
		}
		if t.extra == 0 {
			if t.extra = 1; s.image.Sentinel.Asleep() {
				t.extra = 2
			}
			return true
		}
		c.stepMember(s, i)
		if t.extra == 1 {
			t.m.begun()
		}
		t.extra = 0
		return true
	}},
	{name: "yielding does not end the lease", lean: true, trials: of("adaptive", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != yielding {
			return false
		}
		t.m.holds = false
		t.m.givesUp(cas.Named)
		return true
	}},
	{name: "yielding forgets that the leadership is given up", lean: true, trials: of("after-read", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != handling || !t.m.holds {
			return false
		}
		t.m.yield()
		t.at, t.m.holds = running, true
		return true
	}},
	{name: "the end of handling ignores that the leadership was taken", lean: true, trials: of("adaptive", 2, 3), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != ending {
			return false
		}
		if c.stepMember(s, i); t.m.pc != leading {
			t.m.leads(t.m.slot, false)
		}
		return true
	}},
	{name: "the sentinel takes the leadership without comparing the lease", lean: true, trials: of("adaptive", 2, 3), step: func(c *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != watching || t.m.watch.PC != cas.WatchTake {
			return false
		}
		t.m.watch.Lease = s.image.Lease[t.m.watch.Slot]
		c.stepMember(s, i)
		return true
	}},
	{name: "a thread that pushes itself trusts that the sentinel still watches", lean: true, trials: of("adaptive", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != joining || t.m.join.PC != cas.JoinCheck {
			return false
		}
		t.m.pc = following
		return true
	}},
	{name: "a leader without a sentinel calls no follower", lean: true, trials: of("adaptive", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != calling || t.m.after == following {
			return false
		}
		t.m.pc = t.m.after
		return true
	}},
	{name: "the end does not tell the sentinel", lean: true, trials: of("lazy", 2, 3), step: func(_ *checker, s *state, i int) bool {
		t := &s.threads[i]
		if t.at != running || t.m.pc != terminating || t.m.terminate.PC != cas.TerminateSentinel {
			return false
		}
		t.m.pc = ended
		return true
	}},
}

// of makes trials of a promotion with one leader.
func of(promotion string, threads ...int) (all []trial) {
	for _, n := range threads {
		all = append(all, trial{promotion: promotion, threads: n, parking: atOnce, calm: true})
	}
	return all
}

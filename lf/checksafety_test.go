package lf

import "lflab/cas"

// inspect checks the safety properties of one state.
func (c *checker) inspect(at int32, s *state) {
	w := s.image.Word
	stacked := c.inspectStack(at, s)
	if !w.Terminated() {
		c.inspectSlots(at, s)
		c.inspectSentinel(at, s)
	}
	if w.Free() > 0 && w.Head() != cas.End && !w.Terminated() && !c.minded(s) {
		c.flag("S2 leadership is free and a follower waits", at)
	}
	named := c.named(s)
	for i := range c.threads {
		t := &s.threads[i]
		if t.at == onSource && t.m.pc != leading {
			c.flag("S6 a thread waits for events that does not lead", at)
		}
		if t.at == gone && t.holding {
			c.flag("S5 event lost", at)
		}
		if t.m.stacked() && t.at != gone && s.image.Promise[i] == cas.NoPromise && !stacked[i] && !named[i] {
			c.flag("S4 a follower that no thread can find", at)
		}
	}
	if s.lost {
		c.flag("S5 event lost or handled twice", at)
	}
	if w.Terminated() && w.Head() != cas.End && !w.Choosing() {
		c.flag("S7 a follower is on the stack after the end", at)
	}
	if s.unfair {
		c.flag("S8 a follower was promoted out of turn", at)
	}
}

// inspectStack checks S3 and returns which threads are on the stack.
func (c *checker) inspectStack(at int32, s *state) (stacked [maxMembers]bool) {
	for x := s.image.Word.Head(); x != cas.End; x = s.image.Next[x] {
		if int(x) >= c.threads || stacked[x] {
			c.flag("S3 stack has a cycle", at)
			break
		}
		stacked[x] = true
		if !s.threads[x].m.stacked() || s.image.Promise[x] != cas.NoPromise {
			c.flag("S3 stack names a thread that does not wait", at)
		}
	}
	return stacked
}

// stacked reports whether the member has pushed itself on the stack and does
// not know yet that another thread has removed it.
func (m *member) stacked() bool {
	return m.pc == following || m.pc == calling && m.after == following || m.pc == joining && m.join.PC == cas.JoinCheck
}

// inspectSlots checks S1: each slot, and each lease, has one owner.
func (c *checker) inspectSlots(at int32, s *state) {
	var owners, waits [maxSlots]int
	var leased [maxSlots]bool
	for slot := range uint8(c.leaders) {
		if s.image.Word&freeBit(int(slot)) != 0 {
			owners[slot]++
		}
	}
	for i := range c.threads {
		t := &s.threads[i]
		if t.at == onSource {
			waits[t.m.slot]++
		}
		slot, lease, ok := c.has(s, i)
		if !ok {
			continue
		}
		owners[slot]++
		leased[slot] = leased[slot] || lease
		if t.m.pc == beginning && t.m.hold.PC == cas.HoldBegin && t.m.hold.Mine != s.image.Lease[slot]+1 {
			c.flag("S1 a lease changes that its leader has not begun", at)
		}
	}
	for slot := range c.leaders {
		if owners[slot] != 1 {
			c.flag("S1 leadership lost or doubled", at)
		}
		if waits[slot] > 1 {
			c.flag("S1 two leaders", at)
		}
		if s.image.Lease[slot].Busy() && !leased[slot] {
			c.flag("S1 a lease outlives its leader", at)
		}
	}
}

// has returns the leader slot that thread i has, or will get by a promise, and
// whether the sentinel may take it. A leader whose lease the sentinel has ended
// no longer has the slot, though it does not know yet.
func (c *checker) has(s *state, i int) (slot uint8, lease, ok bool) {
	t := &s.threads[i]
	m := &t.m
	if t.at == gone {
		return 0, false, false
	}
	if m.stacked() {
		p := s.image.Promise[i]
		return p.Slot(), false, p.Kind() == cas.Granted
	}
	switch m.pc {
	case watching:
		return m.watch.Slot, false, m.watch.PC == cas.WatchResign
	case leading:
		return m.slot, false, true
	case beginning:
		if m.hold.PC <= cas.HoldBegin {
			return m.slot, false, true
		}
		return m.slot, true, s.image.Lease[m.slot] == m.hold.Mine
	case promoting:
		if c.order != cas.LIFO {
			return m.choose.Slot, false, m.choose.PC <= cas.ChooseGrant
		}
		switch m.promote.PC {
		case cas.PromoteRouse, cas.PromoteAwake:
		case cas.PromoteGrant, cas.PromoteSkip:
			return m.promote.Slot, false, m.promote.Way == cas.Named
		default:
			return m.promote.Slot, false, m.promote.Way != cas.Calling
		}
	case calling:
		if m.after == leading {
			return m.slot, false, true
		}
		return m.slot, true, s.image.Lease[m.slot] == m.mine
	case processing:
		if !c.rules.leased {
			return m.slot, false, m.holds
		}
		return m.slot, true, m.holds && s.image.Lease[m.slot] == m.mine
	case ending, yielding:
		return m.slot, true, s.image.Lease[m.slot] == m.mine
	case terminating:
		return m.slot, false, m.terminate.PC <= cas.TerminateTake
	}
	return 0, false, false
}

// inspectSentinel checks S4 for the sentinel.
func (c *checker) inspectSentinel(at int32, s *state) {
	visible := s.image.Word.Free() > 0
	for slot := range c.leaders {
		visible = visible || s.image.Lease[slot].Busy()
	}
	if !visible {
		return
	}
	for i := range c.threads {
		if t := &s.threads[i]; t.m.pc == watching && t.at == asleep && !t.timed && !c.aboutToRouse(s, i) {
			c.flag("S4 the sentinel sleeps while there is something to see", at)
		}
	}
}

// aboutToRouse reports whether some thread is about to wake the sentinel.
func (c *checker) aboutToRouse(s *state, sentinel int) bool {
	for i := range c.threads {
		t := &s.threads[i]
		switch m := &t.m; {
		case (t.at == giving || t.at == inWake) && int(t.heir) == sentinel:
			return true
		case m.pc == beginning && m.hold.PC >= cas.HoldLook:
			return true
		case m.pc == promoting && (m.promote.PC == cas.PromoteRouse || m.promote.PC == cas.PromoteAwake):
			return true
		}
	}
	return false
}

// minded reports whether some thread is taking care of free leadership, so that
// followers may wait meanwhile.
func (c *checker) minded(s *state) bool {
	if c.rules.way == cas.Named {
		return s.image.Word.Choosing()
	}
	for i := range c.threads {
		t := &s.threads[i]
		switch m := &t.m; {
		case m.pc == calling && m.after == leading: // it was the sentinel, and calls the next one
			return true
		case m.pc == joining: // it finds the slot, unless another thread has it by then
			return true
		case m.stacked() && s.image.Promise[i] == cas.Called:
			return true
		case m.pc == watching && (!s.image.Sentinel.Asleep() || t.at != asleep || c.aboutToRouse(s, i)):
			return true
		case m.pc == promoting && (m.promote.PC >= cas.PromoteRouse || m.promote.Way == cas.Calling):
			return true
		case m.pc == terminating:
			return true
		}
	}
	return false
}

// named returns the followers that some thread is about to notify.
func (c *checker) named(s *state) (yes [maxMembers]bool) {
	told := func(t *cas.Terminate) {
		if t.PC < cas.TerminateNext || t.PC > cas.TerminateGrant {
			return
		}
		if t.PC == cas.TerminateGrant {
			yes[t.Heir] = true
		}
		for x, n := t.Next, 0; x != cas.End && n < c.threads; x, n = s.image.Next[x], n+1 {
			yes[x] = true
		}
	}
	for i := range c.threads {
		switch m := &s.threads[i].m; {
		case s.threads[i].at == gone:
		case m.pc == promoting && c.order != cas.LIFO:
			if m.choose.PC == cas.ChooseGrant {
				yes[m.choose.Heir] = true
			}
			if m.choose.PC == cas.ChooseRest {
				told(&m.choose.Rest)
			}
		case m.pc == promoting || m.pc == calling:
			if m.promote.PC == cas.PromoteGrant {
				yes[m.promote.Heir] = true
			}
		case m.pc == terminating:
			told(&m.terminate)
		}
	}
	return yes
}

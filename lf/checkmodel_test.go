package lf

import (
	"slices"

	"lflab/cas"
)

// actor is one member and its place outside its machine.
type actor struct {
	m       member
	at      place
	take    cas.Take
	timed   bool // parked until a deadline, which may pass at any moment
	heir    uint8
	holding bool  // has an event that it has not handled yet
	extra   uint8 // for mutants
}

type place uint8

const (
	running  place = iota
	taking         // in the parker, before the next access of Take
	inWait         // has called FUTEX_WAIT, not yet compared
	asleep         // on the futex's queue
	giving         // about to give heir its permit
	inWake         // has called FUTEX_WAKE for heir
	onSource       // blocked on the event source
	handling       // in the handler
	finding        // is the sentinel and found something: claim or pass
	judging        // is the sentinel and the leader is overdue: take or pass
	idling         // is the sentinel and found nothing: look again after a while, or sleep
	gone
)

// state is the whole state of a trial.
type state struct {
	image   cas.Image
	permit  [maxMembers]uint32
	threads [maxMembers]actor
	pending [maxSlots]uint8 // events of each source that wait to be received
	closed  bool            // the sources have ended
	lost    bool            // an event was dropped or handled twice

	// For S8, if a search chooses the heir: the followers on the stack in the
	// order of their pushes, how many there were when the search began, and
	// whether a thread was promoted out of turn.
	arrivals [maxMembers]uint8
	waiting  uint8
	walked   uint8
	unfair   bool
}

// mutant replaces transitions of a thread. If step returns false, the real code
// makes the transition.
type mutant struct {
	name   string
	trials []trial // trials that should find it, one after the other; see mutants
	step   func(c *checker, s *state, i int) bool
	// lean says that step uses nothing that the real code ignores, so that keys
	// may leave it out.
	lean bool
}

func (c *checker) start() state {
	s := state{image: cas.NewLeadership(c.threads, c.leaders).Save()}
	for i := range c.threads {
		s.threads[i].m = newMember(i, c.rules, c.leaders)
	}
	return s
}

// choices returns the number of ways in which thread i can go on in s.
func (c *checker) choices(s *state, i int) int {
	t := &s.threads[i]
	switch {
	case t.at == onSource && c.rules.leased: // whether there is work at hand
	case t.at == handling && t.m.holds && !c.rules.never: // yield
	case t.at == finding && !c.rules.leased: // pass
	case t.at == judging, t.at == idling:
	default:
		return 1
	}
	return 2
}

// advance makes thread i's next step in s. It returns false if i is blocked.
func (c *checker) advance(s *state, i, choice int) bool {
	t := &s.threads[i]
	switch t.at {
	case running:
		c.acts(t, c.stepMember(s, i))
	case taking:
		if c.parking == atOnce {
			if t.at = asleep; s.permit[i] != 0 {
				s.permit[i] = 0
				t.unparked()
			}
			break
		}
		c.permits[i].Word().Store(s.permit[i])
		r := t.take.Step(c.permits[i])
		s.permit[i] = c.permits[i].Word().Load()
		switch r {
		case cas.TakeSleep:
			t.at = inWait
		case cas.Taken:
			t.unparked()
		}
	case inWait:
		if s.permit[i] == cas.Asleep {
			t.at = asleep
		} else {
			t.at = taking
		}
	case asleep:
		if !t.timed {
			return false
		}
		c.cancel(s, i) // the deadline passes
	case giving:
		t.at = running
		if heir := &s.threads[t.heir]; c.parking == atOnce {
			if s.permit[t.heir] = 1; heir.at == asleep {
				s.permit[t.heir] = 0
				heir.unparked()
			}
			break
		}
		p := c.permits[t.heir]
		p.Word().Store(s.permit[t.heir])
		if p.Give() {
			t.at = inWake
		}
		s.permit[t.heir] = p.Word().Load()
	case inWake:
		if s.threads[t.heir].at == asleep {
			s.threads[t.heir].at = taking
		}
		t.at = running
	case onSource:
		return c.receive(s, t, choice)
	case handling:
		t.at = running
		if choice == 1 {
			t.m.yield()
			break
		}
		s.lost = s.lost || !t.holding
		t.holding = false
		t.m.processed()
	case finding:
		if t.at = running; choice == 0 {
			t.m.watch.Claim()
			break
		}
		c.acts(t, t.m.passes())
	case judging:
		if t.at = running; choice == 0 {
			t.m.watch.Take()
			break
		}
		c.acts(t, t.m.passes())
	case idling:
		if t.at = running; choice == 0 {
			t.m.watch.Sleep()
			break
		}
		t.at, t.take, t.timed = taking, cas.Take{}, true
	default: // gone
		return false
	}
	return true
}

// acts carries out, for actor t, the action that its state machine returned.
func (c *checker) acts(t *actor, a act) {
	switch a {
	case sleep, rest:
		t.at, t.take = taking, cas.Take{}
	case lead:
		t.at = onSource
	case wake:
		t.at, t.heir = giving, uint8(t.m.wakes)
	case process:
		t.at = handling
	case found:
		t.at = finding
	case overdue:
		t.at = judging
	case quiet:
		t.at = idling
	case leave:
		t.at = gone
	}
}

// unparked brings t back from the parker.
func (t *actor) unparked() {
	t.at = running
	if t.timed {
		t.timed = false
		t.m.watch.Look()
	}
}

// cancel brings thread i back from the parker without a wake-up.
func (c *checker) cancel(s *state, i int) {
	if c.parking == byFutex {
		c.permits[i].Word().Store(s.permit[i])
		c.permits[i].Cancel()
		s.permit[i] = c.permits[i].Word().Load()
	}
	s.threads[i].unparked()
}

// receive ends a leader's wait with what is there.
func (c *checker) receive(s *state, t *actor, choice int) bool {
	pending := &s.pending[int(t.m.slot)%c.sources]
	switch {
	case s.closed:
		if choice > 0 {
			return false
		}
		t.m.waited(sourceEnded)
	case *pending > 0 || c.endless:
		if !c.endless {
			*pending--
		}
		s.lost = s.lost || t.holding
		t.holding = true
		t.m.waited([...]outcome{gotEvent, gotMany}[choice])
	default:
		return false
	}
	t.at = running
	return true
}

// stepMember steps the machine of thread i on the real leadership word.
func (c *checker) stepMember(s *state, i int) act {
	m := &s.threads[i].m
	pc, join, choose := m.pc, m.join.PC, m.choose.PC
	c.l.Restore(s.image)
	a := c.try(m)
	s.image = c.l.Save()
	if c.order != cas.LIFO {
		switch {
		case pc == joining && join == cas.JoinPush && m.pc == following:
			s.arrivals[s.waiting] = uint8(i)
			s.waiting++
		case pc == promoting && choose == cas.ChooseTop:
			s.walked = s.waiting
		case pc == promoting && choose != cas.ChooseGrant && m.choose.PC == cas.ChooseGrant:
			c.chosen(s, &m.choose)
		case s.image.Word.Head() == cas.End:
			s.arrivals, s.waiting = [maxMembers]uint8{}, 0
		}
	}
	return a
}

// try steps a machine. After a mutant's step the machine may panic.
func (c *checker) try(m *member) act {
	if c.mutant.step != nil {
		defer func() { c.lost = c.lost || recover() != nil }()
	}
	return m.step(c.l)
}

// chosen records whether the follower to be promoted was the next in turn,
// among those that were there when the search began.
func (c *checker) chosen(s *state, by *cas.Choose) {
	there := s.arrivals[:s.waiting]
	heir := slices.Index(there, uint8(by.Heir))
	if heir < 0 || s.walked == 0 {
		return // made by a mutant; another check finds it
	}
	turn := 0
	if c.order == cas.Priority {
		turn = slices.Index(there, slices.Min(there[:s.walked])) // the lowest number has the highest rank
	}
	s.unfair = s.unfair || heir != turn
	copy(there[heir:], there[heir+1:])
	s.waiting--
	s.arrivals[s.waiting], s.walked = 0, 0
}

// environment calls next with each state to which the environment may lead.
// next must not keep the state.
func (c *checker) environment(s *state, next func(*state, label)) {
	n := &c.next
	if !c.endless && !s.closed {
		for source := range c.sources {
			if s.pending[source] < c.backlog {
				*n = *s
				n.pending[source]++
				next(n, label{what: arrived})
			}
		}
		*n = *s
		n.closed = true
		next(n, label{what: sourceClosed})
	}
	if c.calm {
		return
	}
	for i := range c.threads {
		switch t := &s.threads[i]; {
		case t.at == asleep && c.parking == byFutex:
			*n = *s
			n.threads[i].at = taking
			next(n, label{what: spuriousReturn, who: uint8(i)})
			fallthrough
		case t.at == asleep:
			*n = *s
			c.cancel(n, i)
			next(n, label{what: earlyReturn, who: uint8(i)})
		case t.at == onSource:
			*n = *s
			n.threads[i].at = running
			n.threads[i].m.waited(gotNothing)
			if c.mutant.step != nil {
				n.threads[i].extra |= interrupted
			}
			next(n, label{what: interruption, who: uint8(i)})
		}
	}
}

// interrupted marks, for mutants, that a wait for an event returned without
// one.
const interrupted = 0x80

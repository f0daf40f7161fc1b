package lf

import "lflab/cas"

// member is the step machine of one thread: its state, and what it must do
// next. step makes at most one atomic access, or asks the caller for an act
// (sleep, wait for an event, wake another thread, process). The pool's threads
// run it. The exhaustive checker steps the same machine in every order.
type member struct {
	me       uint16
	rules    rules
	pc       memberPC
	after    memberPC  // the state after promoting or calling
	placed   bool      // it handles bound events while it keeps its place on the stack
	slot     uint8     // the leader slot it holds
	holds    bool      // it processes an event and still holds the leadership
	promoted bool      // it became leader by promotion, not by finding a free slot
	taken    bool      // it became leader as the sentinel
	wakes    uint16    // the member to wake
	mine     cas.Lease // the lease it began

	join      cas.Join
	promote   cas.Promote
	choose    cas.Choose
	hold      cas.Hold
	watch     cas.Watch
	terminate cas.Terminate
}

type memberPC uint8

const (
	joining     memberPC = iota
	following            // is on the stack, or has a promise
	watching             // is the sentinel
	calling              // there is no sentinel: it calls a follower to become it
	leading              // holds a leader slot
	beginning            // has an event and begins its lease, to keep the leadership while it processes
	promoting            // gives up the leadership
	processing           // handles the event
	ending               // has handled the event: does it still hold the leadership?
	yielding             // gives up the leadership inside the handler
	terminating          // ends the pool: the source ended while it led
	departing            // a follower that has bound events, about to leave its place
	visiting             // handles bound events
	returning            // goes back to its place among the followers
	departed             // has lost that place
	ended
)

// act is what the caller must do before the next step. Where it names two
// calls, the caller makes one of them.
type act uint8

const (
	goOn    act = iota // nothing
	sleep              // park; returning early is harmless
	lead               // wait on the event source of the slot, then call waited
	wake               // unpark the member in wakes
	process            // handle the event, then call processed
	found              // the sentinel found a free slot: call watch.Claim or passes
	overdue            // the sentinel found that the leader of a slot processes: call watch.Take or passes
	quiet              // the sentinel has looked at all slots: call watch.Look after a while, or watch.Sleep
	rest               // the sentinel parks until it is woken; returning early is harmless
	visit              // handle the bound events of this thread, then call visited
	leave              // the thread leaves the pool
)

// outcome is the result of waiting on the event source.
type outcome uint8

const (
	gotEvent    outcome = iota
	gotMany             // an event, and more work is waiting than one thread should do
	gotNothing          // an error or a signal: stay the leader and wait again
	sourceEnded         // no event will come any more
)

func newMember(me int, r rules, leaders int) member {
	m := member{me: uint16(me), rules: r}
	m.watch.Slots = uint8(leaders)
	m.rejoin()
	return m
}

func (m *member) rejoin() {
	m.pc = joining
	m.holds = false
	m.join = cas.Join{Me: m.me, Watched: m.rules.watched}
}

// leads makes the member leader of a slot.
func (m *member) leads(slot uint8, promoted bool) {
	m.pc, m.slot, m.promoted = leading, slot, promoted
}

// step makes at most one atomic access on l and returns what the caller must
// do.
func (m *member) step(l *cas.Leadership) act {
	switch m.pc {
	case joining:
		switch m.join.Step(l) {
		case cas.Leads:
			m.leads(m.join.Slot, false)
		case cas.Follows:
			m.pc = following
		case cas.FollowsAlone:
			m.calls(following)
		case cas.Watches:
			m.pc = watching
			m.watch = cas.Watch{Me: m.me, Slots: m.watch.Slots}
		case cas.JoinedTooLate:
			m.pc = ended
		}
	case following:
		// Only the promise decides. A return from sleep proves nothing, because
		// the wake-up may have been meant for an earlier sleep.
		switch p := l.Promise(m.me); p.Kind() {
		case cas.NoPromise:
			return sleep
		case cas.Granted:
			m.leads(p.Slot(), true)
		case cas.Called:
			m.rejoin()
		case cas.Ended:
			m.pc = ended
		}
	case watching:
		return m.stepWatch(l)
	case leading:
		return lead
	case beginning:
		switch m.hold.Step(l) {
		case cas.HoldWake:
			m.begun()
			m.wakes = m.hold.Heir
			return wake
		case cas.HeldAlone:
			m.begun()
			m.calls(processing)
		case cas.Held:
			m.begun()
		}
	case promoting, calling:
		return m.stepPromote(l)
	case processing:
		return process
	case ending:
		if l.End(m.slot, m.mine) {
			m.holds = false
			m.leads(m.slot, false)
			break
		}
		m.rejoin()
	case yielding:
		m.holds = false
		if l.End(m.slot, m.mine) {
			m.givesUp(cas.Named)
			break
		}
		m.pc = processing
	case terminating:
		switch m.terminate.Step(l) {
		case cas.TerminateWake:
			m.wakes = m.terminate.Heir
			return wake
		case cas.Terminated:
			m.pc = ended
		}
	case departing:
		m.pc, m.placed = following, false
		if l.Leave(m.me) {
			m.pc, m.placed = visiting, true
		}
	case visiting:
		return visit
	case returning:
		m.pc = following
		if !l.Return(m.me) {
			m.pc = departed
		}
	case departed:
		if l.Promise(m.me) == cas.Ended {
			m.pc = ended
			break
		}
		m.rejoin()
	case ended:
		return leave
	}
	return goOn
}

func (m *member) stepWatch(l *cas.Leadership) act {
	switch m.watch.Step(l) {
	case cas.WatchFree:
		return found
	case cas.WatchBusy:
		return overdue
	case cas.WatchQuiet:
		return quiet
	case cas.WatchSleep:
		return rest
	case cas.WatchEnds:
		m.pc = ended
	case cas.WatchLeads:
		// Another thread must become the sentinel, because this one waits for
		// an event.
		m.leads(m.watch.Slot, true)
		m.taken = true
		m.calls(leading)
	}
	return goOn
}

// passes makes the sentinel ignore the slot that it found. It returns quiet if
// that was the last slot.
func (m *member) passes() act {
	if m.watch.Pass() == cas.WatchQuiet {
		return quiet
	}
	return goOn
}

func (m *member) stepPromote(l *cas.Leadership) act {
	var r cas.PromoteResult
	if m.pc == promoting && m.rules.order != cas.LIFO {
		r = m.choose.Step(l)
		m.wakes = m.choose.Heir
	} else {
		r = m.promote.Step(l)
		m.wakes = m.promote.Heir
	}
	switch r {
	case cas.Promoted:
		m.pc = m.after
		return wake
	case cas.PromotedOne:
		return wake
	case cas.Freed, cas.PromoteTooLate:
		m.pc = m.after
	}
	return goOn
}

// calls makes the member call a follower, if there is one, to be the sentinel.
func (m *member) calls(after memberPC) {
	m.pc, m.after = calling, after
	m.promote = cas.Promote{Way: cas.Calling}
}

// givesUp makes the member give up the leadership and then process.
func (m *member) givesUp(way cas.Way) {
	m.pc, m.after = promoting, processing
	m.promote = cas.Promote{Way: way, Slot: m.slot, Watched: m.rules.watched}
	m.choose = cas.Choose{Order: m.rules.order, Slot: m.slot}
}

// waited tells the member the result of waiting for an event. A leader that got
// nothing stays the leader, because otherwise the pool would have none.
func (m *member) waited(o outcome) {
	switch {
	case o == sourceEnded:
		m.pc = terminating
		m.terminate = cas.Terminate{Watched: m.rules.watched}
	case o == gotNothing:
	case m.rules.early:
		m.givesUp(m.rules.way)
	case o == gotMany:
		m.givesUp(cas.Named)
	case m.rules.leased:
		m.pc = beginning
		m.hold = cas.Hold{Slot: m.slot}
	default:
		m.holds = true
		m.pc = processing
	}
}

// begun makes the member process its event and keep the leadership.
func (m *member) begun() {
	m.holds, m.mine = true, m.hold.Mine
	m.pc = processing
}

// yield makes the member give up the leadership while it processes, if it holds
// it. Call step afterwards until it returns process.
func (m *member) yield() {
	switch {
	case !m.holds || m.rules.never:
	case m.rules.leased:
		m.pc = yielding
	default:
		m.holds = false
		m.givesUp(cas.Named)
	}
}

// processed tells the member that the event has been handled.
func (m *member) processed() {
	switch {
	case !m.holds:
		m.rejoin()
	case m.rules.leased:
		m.pc = ending
	default:
		m.holds = false
		m.leads(m.slot, false)
	}
}

// visits makes the member handle its bound events. It is a follower that was
// about to sleep, or a leader that was about to wait for an event.
func (m *member) visits() {
	if m.pc == leading {
		m.placed = false
		m.givesUp(cas.Named)
		m.after = visiting
		return
	}
	m.pc = departing
}

// visited tells the member that its bound events have been handled.
func (m *member) visited() {
	if m.placed {
		m.pc = returning
		return
	}
	m.rejoin()
}

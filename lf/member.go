package lf

import "lflab/cas"

// member is one thread's part in the protocol as a machine: what it is, and
// what it must do next. step makes at most one atomic access and otherwise
// asks the caller for an act (to sleep, to wait for an event, to wake another
// thread, to process). The pool's threads run it; the exhaustive checker steps
// the same machine in every order.
type member struct {
	me       uint16
	rules    rules
	pc       memberPC
	after    memberPC // where promoting and calling lead to: calling to processing, leading or following
	placed   bool     // it visits from its place on the stack
	slot     uint8    // the leader slot it has
	holds    bool     // it processes and still has it
	promoted bool     // became leader by promotion, not by finding no leader
	taken    bool     // became leader as the sentinel
	wakes    uint16   // whom to wake
	mine     cas.Lease

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
	following            // on the stack, or promised
	watching             // the sentinel
	calling              // nobody watches: calls a follower to
	leading              // holds a leader slot
	beginning            // has an event, and keeps the leadership while it processes
	promoting            // gives the leadership up
	processing           // handles the event
	ending               // has handled it: does it still have the leadership?
	yielding             // gives the leadership up within the handler
	terminating          // the source ended while it led
	departing            // a follower with an event that is bound to it
	visiting             // handles such events
	returning            // goes back to its place among the followers
	departed             // has lost that place
	ended
)

// act is what the caller must do before the next step.
type act uint8

const (
	goOn    act = iota // nothing
	sleep              // park: until woken, or for nothing
	lead               // wait on the event source of slot, then call waited
	wake               // unpark the member named by wakes
	process            // handle the event, then call processed
	found              // the sentinel has found a free slot: claim or pass
	overdue            // the sentinel has found slot's leader processing: take or pass
	quiet              // the sentinel has looked at everything: look again after a while, or doze
	rest               // the sentinel parks until it is woken; returning early is harmless
	visit              // handle what is bound to this thread, then call visited
	leave              // the thread's part is over
)

// outcome is what waiting on the event source came to.
type outcome uint8

const (
	gotEvent    outcome = iota
	gotMany             // and more work is at hand than one thread should do
	gotNothing          // an error or a signal: still the leader, wait again
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

// step goes on by at most one atomic access on l.
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
		// The promise alone decides. A return from sleep proves nothing: the
		// wake-up may have been meant for an earlier sleep.
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
		// Somebody has to watch in its place, while it waits for an event.
		m.leads(m.watch.Slot, true)
		m.taken = true
		m.calls(leading)
	}
	return goOn
}

// passes leaves what the sentinel has found as it is. The sentinel may have
// looked at everything with that.
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

// calls makes the member call a follower to be the sentinel, if there is one.
func (m *member) calls(after memberPC) {
	m.pc, m.after = calling, after
	m.promote = cas.Promote{Way: cas.Calling}
}

// givesUp makes the member pass the leadership on and then process.
func (m *member) givesUp(way cas.Way) {
	m.pc, m.after = promoting, processing
	m.promote = cas.Promote{Way: way, Slot: m.slot, Watched: m.rules.watched}
	m.choose = cas.Choose{Order: m.rules.order, Slot: m.slot}
}

// waited tells what the wait for an event came to. A leader that got nothing
// stays the leader: leaving without a promotion would leave the pool headless.
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

// begun has the event processed while the leadership is held.
func (m *member) begun() {
	m.holds, m.mine = true, m.hold.Mine
	m.pc = processing
}

// yield gives the leadership up in the middle of processing, if the member has
// it. Step on until process is asked for again.
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

// processed tells that the event has been handled.
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

// visits has the member handle events that are bound to it: a follower that
// was about to sleep, or a leader that was about to wait for an event.
func (m *member) visits() {
	if m.pc == leading {
		m.placed = false
		m.givesUp(cas.Named)
		m.after = visiting
		return
	}
	m.pc = departing
}

// visited tells that they have been handled.
func (m *member) visited() {
	if m.placed {
		m.pc = returning
		return
	}
	m.rejoin()
}

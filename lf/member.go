package lf

import "lflab/cas"

// member is one thread's part in the protocol as a machine: what it is, and
// what it must do next. step makes at most one atomic access and otherwise
// asks the caller for an act (to sleep, to wait for an event, to wake the
// heir, to process). The pool's threads run it; the exhaustive checker steps
// the same machine in every order.
type member struct {
	me        uint16
	pc        memberPC
	promoted  bool // became leader by promotion, not by finding no leader
	join      cas.Join
	promote   cas.Promote
	terminate cas.Terminate
}

type memberPC uint8

const (
	joining     memberPC = iota
	following            // on the stack, or promised
	leading              // holds a leader slot
	promoting            // has an event, gives the leadership up
	processing           // handles the event
	terminating          // the source ended while it led
	ended
)

// act is what the caller must do before the next step.
type act uint8

const (
	goOn    act = iota // nothing
	sleep              // park: until woken, or for nothing
	lead               // wait on the event source, then call waited
	wake               // unpark the member named by heir
	process            // handle the event, then call processed
	leave              // the thread's part is over
)

// outcome is what waiting on the event source came to.
type outcome uint8

const (
	gotEvent    outcome = iota
	gotNothing          // an error or a signal: still the leader, wait again
	sourceEnded         // no event will come any more
)

func newMember(me int) member {
	m := member{me: uint16(me)}
	m.rejoin()
	return m
}

func (m *member) rejoin() {
	m.pc = joining
	m.join = cas.Join{Me: m.me}
}

// step goes on by at most one atomic access on l.
func (m *member) step(l *cas.Leadership) act {
	switch m.pc {
	case joining:
		switch m.join.Step(l) {
		case cas.Leads:
			m.pc, m.promoted = leading, false
		case cas.Follows:
			m.pc = following
		case cas.JoinedTooLate:
			m.pc = ended
		}
	case following:
		// The promise alone decides. A return from sleep proves nothing: the
		// wake-up may have been meant for an earlier sleep.
		switch l.Promise(m.me) {
		case cas.NoPromise:
			return sleep
		case cas.Granted:
			m.pc, m.promoted = leading, true
		case cas.Ended:
			m.pc = ended
		}
	case leading:
		return lead
	case promoting:
		switch m.promote.Step(l) {
		case cas.Promoted:
			m.pc = processing
			return wake
		case cas.Freed, cas.PromoteTooLate:
			m.pc = processing
		}
	case processing:
		return process
	case terminating:
		switch m.terminate.Step(l) {
		case cas.TerminateWake:
			return wake
		case cas.Terminated:
			m.pc = ended
		}
	case ended:
		return leave
	}
	return goOn
}

// heir is whom to wake when step said wake.
func (m *member) heir() int {
	if m.pc == terminating {
		return int(m.terminate.Heir)
	}
	return int(m.promote.Heir)
}

// waited tells what the wait for an event came to. A leader that got nothing
// stays the leader: leaving without a promotion would leave the pool headless.
func (m *member) waited(o outcome) {
	switch o {
	case gotEvent:
		m.pc = promoting
		m.promote = cas.Promote{}
	case sourceEnded:
		m.pc = terminating
		m.terminate = cas.Terminate{}
	}
}

// processed tells that the event has been handled.
func (m *member) processed() { m.rejoin() }

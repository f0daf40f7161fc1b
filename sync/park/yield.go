package park

import (
	"time"

	"golang.org/x/sys/unix"
)

var yieldKind = Kind{
	Name:   "yield",
	Doc:    "gives the CPU away by sched_yield(2) and looks at the permit word, for the spin budget (2us), then sleeps as futex does: the quickest hand-off where waker and owner share a CPU",
	Kernel: "3.2",
	New: func(o Options) (Parker, error) {
		budget, err := o.budget()
		if err != nil {
			return nil, err
		}
		return &yielder{budget: budget}, nil
	},
}

// yielder yields between its looks where spinfutex pauses. On one CPU the waker
// can run meanwhile, and the hand-off is one switch with no wake-up in it; on
// two it is a spin with a system call in each turn.
//
// sched_yield(2) promises less than its name. Under the fair scheduler it does
// not put the caller at the end of a queue: since Linux 6.6 (EEVDF) it puts the
// caller's virtual deadline off by one slice, and the CPU goes to the eligible
// thread with the earliest deadline, which may be the caller again, and may be
// one that has nothing to do with either. With nobody else to run, it returns
// at once. So yielding for ever would be no way to wait: it would burn a CPU
// that has nothing to do, and with more threads than CPUs would pass the CPU
// round among those who wait. The budget bounds it. It is looked at after the
// permit, so a yield that comes back late with a permit is no sleep.
//
// The call is a raw one: the P stays with the thread, as it does in one that
// spins or has been preempted.
type yielder struct {
	futexParker
	budget time.Duration
}

func (p *yielder) Park() {
	p.yield(p.budget)
	p.futexParker.Park()
}

func (p *yielder) ParkUntil(deadline int64) bool {
	if !p.permit.Given() {
		p.yield(min(p.budget, until(deadline)))
	}
	return p.futexParker.ParkUntil(deadline)
}

// yield returns when there is a permit or the budget is spent.
func (p *yielder) yield(budget time.Duration) {
	for end := elapsed() + budget; !p.permit.Given() && elapsed() < end; {
		_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // never fails
	}
}

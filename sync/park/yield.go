package park

import (
	"time"

	"golang.org/x/sys/unix"
)

var yieldKind = Kind{
	Name:   "yield",
	Doc:    "yields the CPU by sched_yield(2) and looks at the permit word, for the spin budget (2 µs), then sleeps as futex does: the quickest hand-off where waker and owner share a CPU",
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
// can run meanwhile, so a hand-off is one switch without a wake-up. On two CPUs
// it spins, with a system call in each turn.
//
// sched_yield(2) promises less than its name. The fair scheduler does not put
// the caller at the end of a queue. Since Linux 6.6 (EEVDF) it delays the
// caller's virtual deadline by one slice, and the CPU goes to the eligible
// thread with the earliest deadline. That may be the caller again, or a thread
// of another program. If no other thread can run, it returns at once. So
// endless yielding would keep a CPU busy for nothing, and with more threads
// than CPUs the waiting threads would pass the CPU among themselves. The budget
// bounds this. yield checks the permit before the budget, so if it finds a
// permit late it does not sleep.
//
// The call is raw, so the thread keeps its P, like a thread that spins or was
// preempted.
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

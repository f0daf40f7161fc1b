package park

import (
	"lflab/cas"
	"lflab/sync/futex"
)

var futexKind = Kind{
	Name:   "futex",
	Doc:    "futex(2) on the permit word: one system call to sleep, one to wake, none when the owner is awake; the baseline for the other kinds",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		return new(futexParker), nil
	},
}

// futexParker sleeps on the permit word itself. The kernel compares the word
// again before it sleeps, so no wake-up is lost in between.
type futexParker struct {
	permit cas.Permit
}

func (p *futexParker) Park() {
	var take cas.Take
	for {
		switch take.Step(&p.permit) {
		case cas.TakeSleep:
			if err := futex.Wait(p.permit.Word(), cas.Asleep); err != nil {
				panic("park: " + err.Error())
			}
		case cas.Taken:
			return
		}
	}
}

func (p *futexParker) ParkUntil(deadline int64) bool {
	var take cas.Take
	for {
		switch take.Step(&p.permit) {
		case cas.TakeSleep:
			switch err := futex.WaitUntil(p.permit.Word(), cas.Asleep, deadline); err {
			case nil:
			case futex.ErrDeadline:
				return p.permit.Cancel()
			default:
				panic("park: " + err.Error())
			}
		case cas.Taken:
			return true
		}
	}
}

func (p *futexParker) Unpark() (woke bool) {
	if !p.permit.Give() {
		return false
	}
	// The owner may have taken the permit already and sleep again, for a later
	// one. Then this wake-up ends that sleep early, and its Take goes on.
	futex.Wake(p.permit.Word(), 1)
	return true
}

func (p *futexParker) Close() error { return nil }

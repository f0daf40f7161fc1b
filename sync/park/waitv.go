package park

import (
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var waitvKind = Kind{
	Name:      "waitv",
	Doc:       "futex_waitv(2) on the permit word and, with Also, on others (a bound event, shutdown): what one wait for several reasons costs over a futex",
	Kernel:    "5.16",
	Available: futex.WaitVAvailable,
	New: func(Options) (Parker, error) {
		p := new(waitvParker)
		_ = p.Also() // the permit alone
		return p, nil
	},
}

// Several is a parker whose owner can wait for other words than its permit.
type Several interface {
	Parker

	// Also makes every later Park and ParkUntil return as soon as one of the
	// words is not 0, too: a late one at once, ParkUntil with what it says of
	// the permit. Whoever sets a word wakes it after that, by futex.Wake: 1
	// thread where it is one owner's, futex.All where several wait on it. The
	// owner sees which it was by looking, and sets its own words back to 0.
	// The next call of Also replaces the words; none is only the permit again.
	//
	// The words must be on the heap or global. More than futex.MaxWaiters-1
	// are refused. The owner calls it, while it is not parked; it allocates.
	Also(words ...*atomic.Uint32) error
}

// waitvParker sleeps as futexParker does, on more words.
type waitvParker struct {
	permit cas.Permit

	// The owner's. on is the permit and then also, in one slice for the kernel.
	also []*atomic.Uint32
	on   []futex.Waiter
}

func (p *waitvParker) Also(words ...*atomic.Uint32) error {
	if most := futex.MaxWaiters - 1; len(words) > most {
		return fmt.Errorf("wait on %d words besides the permit (want at most %d)", len(words), most)
	}
	p.also = append(p.also[:0], words...)
	p.on = append(p.on[:0], futex.On(p.permit.Word(), cas.Asleep))
	for _, w := range words {
		p.on = append(p.on, futex.On(w, 0))
	}
	return nil
}

func (p *waitvParker) Park() { p.park(noDeadline) }

func (p *waitvParker) ParkUntil(deadline int64) bool { return p.park(deadline) }

// park reports whether it took a permit.
func (p *waitvParker) park(deadline int64) bool {
	var take cas.Take
	for {
		switch take.Step(&p.permit) {
		case cas.TakeSleep:
			// The permit says Asleep from here on, and the kernel compares all
			// words again: none can change unseen between this look and the sleep.
			if p.other() {
				return p.permit.Cancel()
			}
			switch err := p.sleep(deadline); err {
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

// other reports whether one of the other words asks the owner to look.
func (p *waitvParker) other() bool {
	for _, w := range p.also {
		if w.Load() != 0 {
			return true
		}
	}
	return false
}

func (p *waitvParker) sleep(deadline int64) error {
	if deadline == noDeadline {
		return futex.WaitV(p.on)
	}
	return futex.WaitVUntil(p.on, deadline)
}

func (p *waitvParker) Unpark() (woke bool) {
	if !p.permit.Give() {
		return false
	}
	futex.Wake(p.permit.Word(), 1)
	return true
}

func (p *waitvParker) Close() error { return nil }

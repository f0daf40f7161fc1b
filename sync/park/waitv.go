package park

import (
	"fmt"
	"sync/atomic"

	"lflab/cas"
	"lflab/sync/futex"
)

var waitvKind = Kind{
	Name:      "waitv",
	Doc:       "futex_waitv(2) on the permit word and, with Also, on others (a bound event, shutdown): shows what a wait for several reasons costs beside a futex",
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

	// Also makes every later Park and ParkUntil return early while one of the
	// words is not 0. ParkUntil still reports whether it took a permit. A
	// thread that sets a word must then call futex.Wake on it: with 1 if one
	// owner waits on it, with futex.All if several do. The owner reads the
	// words to see which was set, and resets its own words to 0. The next call
	// of Also replaces the words; a call without words leaves only the permit.
	//
	// The words must be on the heap or global. Also returns an error for more
	// than futex.MaxWaiters-1 words. Only the owner calls it, and not while it
	// is parked. It allocates.
	Also(words ...*atomic.Uint32) error
}

// waitvParker sleeps like futexParker, but on several words.
type waitvParker struct {
	permit cas.Permit

	// Only the owner uses these. on lists the permit and then the words of
	// also, for the kernel.
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
			// The permit word is Asleep now, and the kernel compares all words
			// again, so no change between this check and the sleep is lost.
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

// other reports whether one of the other words is set.
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

package park

import (
	"fmt"
	"time"

	"lflab/cas"
)

var spinFutexKind = Kind{
	Name:   "spinfutex",
	Doc:    "looks at the permit word for the spin budget (2 µs) before it sleeps as futex does: shows whether a quick hand-off needs no system call",
	Kernel: "3.2",
	New:    newSpinFutex,
}

// looks is how often the permit is read for each read of the clock. A read of
// the clock costs about as much as a PAUSE.
const looks = 4

// spinFutex spins before it sets Asleep. Until then Unpark leaves a permit and
// makes no system call. On a single CPU the waker cannot run meanwhile, and the
// budget is always lost. The kind spends it all the same, to show that cost.
type spinFutex struct {
	futexParker
	budget time.Duration
}

func newSpinFutex(o Options) (Parker, error) {
	budget, err := o.budget()
	if err != nil {
		return nil, err
	}
	return &spinFutex{budget: budget}, nil
}

// budget returns Spin or its default. It returns an error if Spin is negative.
func (o Options) budget() (time.Duration, error) {
	switch {
	case o.Spin < 0:
		return 0, fmt.Errorf("spin budget %v (want more than 0, or 0 for the default of %v)", o.Spin, DefaultSpin)
	case o.Spin == 0:
		return DefaultSpin, nil
	}
	return o.Spin, nil
}

func (p *spinFutex) Park() {
	p.spin(p.budget)
	p.futexParker.Park()
}

func (p *spinFutex) ParkUntil(deadline int64) bool {
	if !p.permit.Given() {
		p.spin(min(p.budget, until(deadline)))
	}
	return p.futexParker.ParkUntil(deadline)
}

// spin returns when there is a permit or the budget is spent. It only reads the
// word, so the cache line stays shared until a waker writes it. It does not
// yield to the Go scheduler, because for a locked thread that costs two thread
// switches, more than the sleep that it tries to avoid.
func (p *spinFutex) spin(budget time.Duration) {
	if p.permit.Given() {
		return
	}
	for end := elapsed() + budget; elapsed() < end; {
		for range looks {
			cas.Pause()
			if p.permit.Given() {
				return
			}
		}
	}
}

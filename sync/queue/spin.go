package queue

import (
	"fmt"
	"time"

	"lflab/cas"
	"lflab/sync/park"
)

var spinForm = Form{
	Name:   "spin",
	Doc:    "as lifo, but idle workers look for an item for the spin budget (2 µs) before they sleep on their parker",
	refuse: refuseSpin,
}

// refuseSpin refuses parkers that would spin once more.
func refuseSpin(kind park.Kind) error {
	switch kind.Name {
	case "spinfutex", "yield":
		return fmt.Errorf("form spin of a queue with parker %s would spend the spin budget twice (use parker futex, or another form)", kind.Name)
	}
	return nil
}

func newSpin[T any](workers int, kind park.Kind, opt park.Options) (Handoff[T], error) {
	if opt.Spin < 0 {
		return nil, fmt.Errorf("spin budget %v (want more than 0, or 0 for the default of %v)", opt.Spin, park.DefaultSpin)
	}
	q, err := New[T](workers, kind, opt)
	if err != nil {
		return nil, err
	}
	if q.budget = opt.Spin; q.budget == 0 {
		q.budget = park.DefaultSpin
	}
	return q, nil
}

// looks is how often the slot is read for each read of the clock.
const looks = 4

// spin reports whether the slot has become full or closed within the budget.
func (s *slot[T]) spin(budget time.Duration) bool {
	for began := time.Now(); time.Since(began) < budget; {
		for range looks {
			cas.Pause()
			if s.state.Load() != empty {
				return true
			}
		}
	}
	return false
}

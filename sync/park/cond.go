package park

import (
	"sync"
	"time"
)

var condKind = Kind{
	Name:   "cond",
	Doc:    "sync.Mutex and sync.Cond: the Go scheduler wakes a locked thread with two thread switches",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		p := new(condParker)
		p.cond.L = &p.mu
		return p, nil
	},
}

// condParker is a permit built from the standard library's mutex and condition
// variable. It blocks in the Go scheduler, so that is what it measures.
type condParker struct {
	mu     sync.Mutex
	cond   sync.Cond
	permit bool
	asleep bool // the owner is in Wait and has not been signalled
}

func (p *condParker) Park() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.permit {
		p.sleep()
	}
	p.permit = false
}

func (p *condParker) ParkUntil(deadline int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := until(deadline); !p.permit && left > 0 {
		timer := time.AfterFunc(left, p.expire)
		defer timer.Stop()
		for !p.permit && until(deadline) > 0 {
			p.sleep()
		}
	}
	taken := p.permit
	p.permit = false
	return taken
}

// sleep waits for a signal. The caller holds mu before and after.
func (p *condParker) sleep() {
	p.asleep = true
	p.cond.Wait()
	p.asleep = false
}

// expire wakes the owner when a deadline has passed. If it comes late it ends a
// later sleep early, which is harmless because sleep stands in a loop.
func (p *condParker) expire() {
	p.mu.Lock()
	p.cond.Signal()
	p.mu.Unlock()
}

func (p *condParker) Unpark() (woke bool) {
	p.mu.Lock()
	p.permit = true
	woke, p.asleep = p.asleep, false
	p.mu.Unlock()
	// Signal after the unlock, so that the owner does not wake to find the
	// mutex held.
	if woke {
		p.cond.Signal()
	}
	return woke
}

func (p *condParker) Close() error { return nil }

package park

import (
	"sync"
	"time"
)

var condKind = Kind{
	Name:   "cond",
	Doc:    "sync.Mutex and sync.Cond: what a locked thread costs that is woken by way of the Go scheduler, at two thread switches each",
	Kernel: "3.2",
	New: func(Options) (Parker, error) {
		p := new(condParker)
		p.cond.L = &p.mu
		return p, nil
	},
}

// condParker is a permit the way the standard library suggests it. It blocks
// in the Go scheduler and measures that.
type condParker struct {
	mu     sync.Mutex
	cond   sync.Cond
	permit bool
	asleep bool // the owner is in Wait and nobody has signalled it yet
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

// sleep is called, and returns, with mu held.
func (p *condParker) sleep() {
	p.asleep = true
	p.cond.Wait()
	p.asleep = false
}

// expire ends a sleep whose deadline has passed. When it comes late it ends a
// later one early, and that looks again.
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
	// Signalled with the mutex released, the owner does not wake to find it held.
	if woke {
		p.cond.Signal()
	}
	return woke
}

func (p *condParker) Close() error { return nil }

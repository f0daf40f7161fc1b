package load

import "math/rand/v2"

// A plan is the sequence of an open loop's send times. It is drawn as it is
// used, and depends on nothing but its rate, law and seed: a request that
// finds no free connection waits in the plan, which therefore is the queue,
// without a bound and without memory.
type plan struct {
	gap     float64    // mean, ns
	random  *rand.Rand // nil: equal gaps
	at      float64    // ns after the start
	index   uint64
	threads uint64
	mine    uint64
}

// newPlan returns the part of a plan that falls to one of several threads:
// every threads-th request. The parts of all threads together are the same
// plan for every number of threads.
func newPlan(rate float64, law Arrivals, seed uint64, thread, threads int) *plan {
	p := &plan{gap: 1e9 / rate, threads: uint64(threads), mine: uint64(thread)}
	if law != Fixed {
		p.random = rand.New(rand.NewPCG(seed, 0x1f1ab))
	}
	return p
}

// next returns the next planned send of this part, in ns after the start.
func (p *plan) next() int64 {
	for {
		at := p.at
		p.index++
		if p.random != nil {
			// The first gap counts too, or the process would begin with a request.
			p.at += p.random.ExpFloat64() * p.gap
			at = p.at
		} else {
			p.at = float64(p.index) * p.gap
		}
		if (p.index-1)%p.threads == p.mine {
			return int64(at)
		}
	}
}

package load

import "math/rand/v2"

// A plan is the sequence of an open loop's send times. It depends only on its
// rule and seed, and is drawn as it is used. A request without a free
// connection waits in the plan. So the plan is a queue without a bound that
// needs no memory.
type plan struct {
	paired  bool
	gap     float64    // mean time between two groups, ns
	size    uint64     // requests of a group: 2 in a pair, Burst in a burst, else 1
	spacing int64      // between the requests of a group, ns
	jitter  float64    // the largest delay of a pair, ns
	random  *rand.Rand // nil for equal gaps
	at      float64    // when the current group begins, ns after the start
	index   uint64     // number of the next request
	threads uint64
	mine    uint64
}

// An arrival is a planned request. Times are in ns after the start, or after
// the schedule's base once a generator has it.
type arrival struct {
	at     int64
	group  int64  // when its pair or burst begins; all of a group belong to the measured time, or none
	number uint64 // in the whole plan, from 0; even for the first request of a pair
}

// newPlan returns one thread's part of cfg's plan: every threads-th request.
// All parts together are the same plan for any number of threads. With two or
// more threads, the requests of a pair belong to two threads.
func newPlan(cfg Config, thread int) *plan {
	p := &plan{size: 1, threads: uint64(max(1, cfg.Threads)), mine: uint64(thread)}
	switch cfg.Arrivals {
	case Paired:
		p.paired, p.size, p.spacing = true, 2, int64(cfg.Spacing)
	case Burst:
		p.size = uint64(cfg.Burst)
	}
	p.gap = float64(p.size) * 1e9 / cfg.Rate
	if p.paired {
		p.jitter = (p.gap - float64(p.spacing)) / 2
	}
	if cfg.Arrivals != Fixed {
		p.random = rand.New(rand.NewPCG(cfg.Seed, 0x1f1ab))
	}
	return p
}

// next returns the next request of this part.
func (p *plan) next() arrival {
	for {
		index := p.index
		p.index++
		if index%p.size == 0 {
			p.begin(index / p.size)
		}
		if index%p.threads == p.mine {
			group := int64(p.at)
			return arrival{group + int64(index%p.size)*p.spacing, group, index}
		}
	}
}

// begin draws when a group begins.
func (p *plan) begin(group uint64) {
	switch {
	case p.random == nil:
		p.at = float64(group) * p.gap
	case p.paired:
		p.at = float64(group)*p.gap + p.random.Float64()*p.jitter
	default:
		// The first gap counts, too; otherwise the process would begin with a
		// request.
		p.at += p.random.ExpFloat64() * p.gap
	}
}

// between returns the mean time between two times at which the thread must
// send.
func (p *plan) between() float64 {
	return p.gap * max(1, float64(p.threads)/float64(p.size))
}

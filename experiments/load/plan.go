package load

import "math/rand/v2"

// A plan is the sequence of an open loop's send times. It is drawn as it is
// used, and depends on nothing but its law and seed: a request that finds no
// free connection waits in the plan, which therefore is the queue, without a
// bound and without memory.
type plan struct {
	paired  bool
	gap     float64    // mean time between two groups, ns
	size    uint64     // requests of a group: 2 in a pair, n in a burst, else 1
	spacing int64      // between the requests of a group, ns
	jitter  float64    // the most that a pair comes after its turn, ns
	random  *rand.Rand // nil: equal gaps
	at      float64    // when the present group begins, ns after the start
	index   uint64     // of the next request
	threads uint64
	mine    uint64
}

// An arrival is a planned request. Times are ns after the start, or after the
// course's base once a generator has it.
type arrival struct {
	at     int64
	group  int64  // when its pair or burst begins: all of one are in the measured time or none is
	number uint64 // in the whole plan, from 0; of a pair the first has an even one
}

// newPlan returns the part of cfg's plan that falls to one of its threads:
// every threads-th request. The parts of all threads together are the same plan
// for every number of threads; with two or more, the requests of a pair are two
// threads'.
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
		// The first gap counts too, or the process would begin with a request.
		p.at += p.random.ExpFloat64() * p.gap
	}
}

// between is the mean time between two instants at which the thread must send.
func (p *plan) between() float64 {
	return p.gap * max(1, float64(p.threads)/float64(p.size))
}

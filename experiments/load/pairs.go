package load

import (
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// placed reports whether there is a connection for the next request. A pair's
// second request must not use the connection of its first.
func (g *generator) placed() bool {
	return g.free.n > 1 || g.free.n == 1 && g.free.ring[g.free.head] != g.firstOn
}

// place takes a connection for the planned request. g.next is the request after
// it.
func (g *generator) place(planned arrival) *conn {
	c := g.free.pop()
	if c == g.firstOn {
		g.free.push(c)
		c = g.free.pop()
	}
	g.firstOn = nil
	if g.pairs != nil && planned.number%2 == 0 && g.next.number == planned.number+1 {
		g.firstOn = c
	}
	return c
}

// A pairTally holds one thread's counts of pairs in the measured time.
type pairTally struct {
	spacing          *hdrhistogram.Histogram
	latency, service *hdrhistogram.Histogram // of the second requests
	reversed         uint64
}

func (t *pairTally) merge(o *pairTally) {
	t.spacing.Merge(o.spacing)
	t.latency.Merge(o.latency)
	t.service.Merge(o.service)
	t.reversed += o.reversed
}

// countPair counts what the outcome of c's request says about its pair. The
// second request is the one that was written second, not the one that was
// planned second. When the first outcome comes, the other request may not have
// been written.
func (g *generator) countPair(c *conn, latency, service int64) {
	partner, written := g.pairs.partner(c.planned.number)
	if !written {
		return
	}
	t, planned := g.tally.pairs, c.planned.number%2 == 1
	second := c.written > partner || c.written == partner && planned
	if second {
		g.tally.record(t.latency, latency)
		g.tally.record(t.service, service)
	}
	if g.pairs.note(c.planned.number) {
		g.tally.record(t.spacing, max(c.written-partner, partner-c.written))
		if second != planned {
			t.reversed++
		}
	}
}

// A pairTable lets the generator threads of a run tell each other when they have
// written the requests of pairs. It has room only for the latest pairs. A pair
// whose requests are written or answered too many pairs apart is not counted,
// because its requests are not simultaneous.
type pairTable struct{ slots [pairSlots]pairSlot }

const (
	pairSlots = 1 << 12
	stampBits = 48 // 3 days in ns; Validate allows no longer run
)

// A pairSlot holds the stamps of a pair's two requests. The low bits, stampBits
// of them, say when the write began. The high bits are the low bits of the
// number of earlier pairs on this slot. 0 is no stamp.
type pairSlot struct {
	written [2]atomic.Uint64
	noted   atomic.Uint64 // number of the last pair that was noted, from 1
}

func (b *pairTable) slot(request uint64) *pairSlot { return &b.slots[request/2%pairSlots] }

// turn distinguishes the pairs that share a slot.
func turn(request uint64) uint64 { return request / 2 / pairSlots << stampBits }

// write notes that a request is sent at now. It must be called before the system
// call that sends it. Otherwise the answer could be read before the note is made.
func (b *pairTable) write(request uint64, now int64) {
	b.slot(request).written[request%2].Store(turn(request) | uint64(now))
}

// withdraw removes the stamp of a request that was not written after all.
func (b *pairTable) withdraw(request uint64) {
	b.slot(request).written[request%2].Store(0)
}

// partner returns when the write of the pair's other request began, and whether
// it has.
func (b *pairTable) partner(request uint64) (int64, bool) {
	stamp := b.slot(request).written[1-request%2].Load()
	at := stamp & (1<<stampBits - 1)
	return int64(at), at != 0 && stamp-at == turn(request)
}

// note reports whether the request's pair was not noted before, and notes it.
func (b *pairTable) note(request uint64) bool {
	return b.slot(request).noted.Swap(request/2+1) != request/2+1
}
